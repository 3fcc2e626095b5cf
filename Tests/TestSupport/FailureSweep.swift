// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// Something that a memory subsystem does and that needs memory for it, as a value, so that it can
/// be made to fail at each place in turn.
///
/// `State` is what the operation works on and what it said: folios, a device, an error.
public struct SweptOperation<State> {
  /// What reports call it.
  public var name: String
  /// Brings a freshly booted host to where the operation begins.
  public var prepare: (TestHost) throws -> State
  /// Does it, and leaves everything at rest.
  public var perform: (TestHost, inout State) -> Void
  /// Says what is wrong with what a failure left behind; nothing if all of it is permitted.
  public var verdict: (TestHost, State, FailedAttempt) -> [String]
  /// Gets to where the operation would have come if nothing had failed.
  public var complete: (TestHost, inout State) -> Void

  /// Describes an operation; ``complete`` is to perform it once more if nothing else is said.
  public init(
    name: String, prepare: @escaping (TestHost) throws -> State,
    perform: @escaping (TestHost, inout State) -> Void,
    verdict: @escaping (TestHost, State, FailedAttempt) -> [String],
    complete: ((TestHost, inout State) -> Void)? = nil
  ) {
    self.name = name
    self.prepare = prepare
    self.perform = perform
    self.verdict = verdict
    self.complete = complete ?? perform
  }
}

/// What a failure left behind, and what was there before.
public struct FailedAttempt {
  /// How many allocations succeeded first.
  public let served: UInt
  /// The host as it was.
  public let before: SubsystemDigest
  /// The host as it is.
  public let after: SubsystemDigest
  /// The same, but for splits and shared tails.
  public let beforeWithoutLeftovers: SubsystemDigest
  /// The same, but for splits and shared tails.
  public let afterWithoutLeftovers: SubsystemDigest

  /// What is not as it was; splits and shared tails may stay.
  public var lastingDifferences: [String] {
    afterWithoutLeftovers.differences(from: beforeWithoutLeftovers)
  }
  /// What is not as it was.
  public var differences: [String] { after.differences(from: before) }
}

/// Fails the first allocation of an operation, then the second, and so on until it succeeds without
/// having met a failure; after each attempt looks at what is left.
///
/// Every attempt begins on a host of its own. After it, the subsystem must be sound, no frame lost,
/// and the operation's verdict empty; and without failures it must still get to exactly where it
/// gets on a fresh host.
public struct FailureSweep {
  /// For how long allocations fail.
  public enum Manner: String, CaseIterable, Sendable {
    /// One fails; what is asked for next is there again.
    case once
    /// None of a base page succeeds any more.
    case fromThenOn
  }

  /// What was wrong, with the operation and the number of the allocation that failed.
  public private(set) var findings: [String] = []
  /// How many allocations there were to fail.
  public private(set) var failurePointCount: UInt = 0

  /// Runs the sweep on hosts that `makeHost` boots.
  public init<State>(
    _ operation: SweptOperation<State>, _ manner: Manner = .once,
    on makeHost: () throws -> TestHost
  ) throws {
    let goal = try Self.undisturbed(operation, on: makeHost())
    while try attempt(operation, manner, failurePointCount, on: makeHost(), goal: goal) {
      failurePointCount += 1
    }
  }

  /// Where the operation gets if nothing fails.
  private static func undisturbed<State>(
    _ operation: SweptOperation<State>, on host: TestHost
  ) throws -> SubsystemDigest {
    var state = try operation.prepare(host)
    operation.perform(host, &state)
    return SubsystemDigest(of: host.subsystem)
  }

  /// Lets `served` allocations succeed and fails the next.
  ///
  /// - Returns: false if there was no next.
  private mutating func attempt<State>(
    _ operation: SweptOperation<State>, _ manner: Manner, _ served: UInt, on host: TestHost,
    goal: SubsystemDigest
  ) throws -> Bool {
    var state = try operation.prepare(host)
    let subsystem = host.subsystem
    let before = SubsystemDigest(of: subsystem)
    let beforeWithout = SubsystemDigest(of: subsystem, leftovers: .ignored)
    let failures = host.machine.failures
    let asked = failures.allocationCount
    switch manner {
    case .once: failures.failAllocation(after: served)
    case .fromThenOn: failures.failBasePageAllocations(after: served)
    }
    operation.perform(host, &state)
    let isHit = failures.allocationCount - asked > served
    failures.stopFailing()
    let attempt = FailedAttempt(
      served: served, before: before, after: SubsystemDigest(of: subsystem),
      beforeWithoutLeftovers: beforeWithout,
      afterWithoutLeftovers: SubsystemDigest(of: subsystem, leftovers: .ignored))
    let at = "\(operation.name), failing \(manner.rawValue) after \(served)"
    if isHit { findings += operation.verdict(host, state, attempt).map { "\(at): \($0)" } }
    check(host, before, "\(at): left behind")
    if isHit { operation.complete(host, &state) }
    check(host, before, "\(at): completed")
    findings += SubsystemDigest(of: subsystem).differences(from: goal)
      .map { "\(at): not where a fresh host gets: \($0)" }
    return isHit
  }

  /// What must be so after any operation.
  private mutating func check(_ host: TestHost, _ before: SubsystemDigest, _ at: String) {
    findings += host.complaints.map { "\(at): \($0)" }
    let held = SubsystemDigest(of: host.subsystem)["held elsewhere"]
    if held != before["held elsewhere"] {
      findings.append("\(at): frames lost: \(held - before["held elsewhere"])")
    }
  }
}
