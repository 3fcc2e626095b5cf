// SPDX-License-Identifier: Apache-2.0

/// Fails the first allocation of an operation, then the second, and so on until it succeeds without
/// having met a failure; after each attempt looks at what is left.
///
/// Every attempt begins on a host of its own. After it, the subsystem must be sound, no frame lost,
/// and the operation's verdict empty; and without failures it must still get to exactly where it
/// gets on a fresh host.
public struct FailureSweep: Sendable {
  /// For how long allocations fail.
  public enum Manner: String, CaseIterable, Sendable {
    /// One fails; what is asked for next is there again.
    case once
    /// None of a base page succeeds any more.
    case fromThenOn
  }

  /// Which allocations fail in one attempt.
  private enum Injection {
    case one(after: UInt)
    case two(after: UInt, gap: UInt)
    case basePages(after: UInt)

    /// How many allocations are served before the first failure.
    var served: UInt {
      switch self {
      case .one(let served), .two(let served, gap: _), .basePages(let served): served
      }
    }

    var name: String {
      switch self {
      case .one(let served): "failing once after \(served)"
      case .two(let served, let gap): "failing after \(served) and again after \(gap)"
      case .basePages(let served): "failing fromThenOn after \(served)"
      }
    }

    /// The line of a script that does it.
    var directive: String {
      switch self {
      case .one(let served): "#@ fail-allocation after \(served)"
      case .two(let served, let gap): "#@ fail-allocation after \(served) then \(gap)"
      case .basePages(let served): "#@ fail-base-pages after \(served)"
      }
    }
  }

  /// What was wrong, with the operation and the number of the allocation that failed.
  public private(set) var findings: [String] = []
  /// The line of a script that makes the allocations fail of which the first finding speaks.
  public private(set) var firstDirective: String?
  /// How many allocations there were to fail.
  public private(set) var failurePointCount: UInt = 0
  /// How many failures there were in all attempts.
  public private(set) var failureCount: UInt = 0

  /// Fails each allocation on a host of its own that `makeHost` boots.
  public init<State>(
    _ operation: SweptOperation<State>, _ manner: Manner = .once,
    on makeHost: () throws -> LabHost
  ) throws {
    let goal = try Self.undisturbed(operation, on: makeHost())
    while true {
      let injection: Injection =
        manner == .once ? .one(after: failurePointCount) : .basePages(after: failurePointCount)
      guard try attempt(operation, injection, on: makeHost(), goal: goal) > 0 else { return }
      failurePointCount += 1
    }
  }

  /// Fails each allocation, and with each in turn every one that is asked for behind it.
  ///
  /// - Parameters:
  ///   - stride: every how manyth allocation fails first, and every how manyth after it; 1 for all
  ///     pairs.
  ///   - shouldStop: is asked before each attempt.
  public init<State>(
    pairsOf operation: SweptOperation<State>, stride: UInt = 1,
    shouldStop: () -> Bool = { false }, on makeHost: () throws -> LabHost
  ) throws {
    let goal = try Self.undisturbed(operation, on: makeHost())
    while true {
      var gap: UInt = 0
      var hits: Int
      repeat {
        if shouldStop() { return }
        let injection = Injection.two(after: failurePointCount, gap: gap)
        hits = try attempt(operation, injection, on: makeHost(), goal: goal)
        gap += stride
      } while hits == 2
      guard hits > 0 else { return }
      failurePointCount += stride
    }
  }

  /// Where the operation gets if nothing fails.
  private static func undisturbed<State>(
    _ operation: SweptOperation<State>, on host: LabHost
  ) throws -> SubsystemDigest? {
    var state = try operation.prepare(host)
    operation.perform(host, &state)
    return end(of: operation, on: host)
  }

  /// What is compared in the end.
  private static func end<State>(
    of operation: SweptOperation<State>, on host: LabHost
  ) -> SubsystemDigest? {
    switch operation.ending {
    case .same: SubsystemDigest(of: host.subsystem)
    case .sameUse: SubsystemDigest(of: host.subsystem, leftovers: .ignored).withoutOrigins
    case .open: nil
    }
  }

  /// Performs the operation on a fresh host, with failures.
  ///
  /// - Returns: how many there were.
  private mutating func attempt<State>(
    _ operation: SweptOperation<State>, _ injection: Injection, on host: LabHost,
    goal: SubsystemDigest?
  ) throws -> Int {
    var state = try operation.prepare(host)
    let subsystem = host.subsystem
    let before = SubsystemDigest(of: subsystem)
    let beforeWithout = SubsystemDigest(of: subsystem, leftovers: .ignored)
    let hits = Self.performing(injection, on: host) { operation.perform(host, &state) }
    let attempt = FailedAttempt(
      served: injection.served, before: before, after: SubsystemDigest(of: subsystem),
      beforeWithoutLeftovers: beforeWithout,
      afterWithoutLeftovers: SubsystemDigest(of: subsystem, leftovers: .ignored))
    let at = "\(operation.name), \(injection.name)"
    if hits > 0 { findings += operation.verdict(host, state, attempt).map { "\(at): \($0)" } }
    check(host, before, "\(at): left behind")
    if hits > 0 { operation.complete(host, &state) }
    check(host, before, "\(at): completed")
    if let end = Self.end(of: operation, on: host), let goal {
      findings += end.differences(from: goal).map { "\(at): not where a fresh host gets: \($0)" }
    }
    failureCount += UInt(hits)
    if !findings.isEmpty, firstDirective == nil { firstDirective = injection.directive }
    return hits
  }

  /// Runs `body` while allocations fail; tells how many did.
  private static func performing(
    _ injection: Injection, on host: LabHost, _ body: () -> Void
  ) -> Int {
    let failures = host.machine.failures
    let asked = failures.allocationCount
    switch injection {
    case .one(let served): failures.failAllocation(after: served)
    case .two(let served, let gap): failures.failAllocation(after: served, andAgainAfter: gap)
    case .basePages(let served): failures.failBasePageAllocations(after: served)
    }
    body()
    failures.stopFailing()
    let count = failures.allocationCount - asked
    guard count > injection.served else { return 0 }
    if case .two(let served, let gap) = injection, count > served + gap + 1 { return 2 }
    return 1
  }

  /// What must be so after any operation.
  private mutating func check(_ host: LabHost, _ before: SubsystemDigest, _ at: String) {
    findings += host.complaints.map { "\(at): \($0)" }
    let held = SubsystemDigest(of: host.subsystem)["held elsewhere"]
    if held != before["held elsewhere"] {
      findings.append("\(at): frames lost: \(held - before["held elsewhere"])")
    }
  }
}
