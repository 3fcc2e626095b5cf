// SPDX-License-Identifier: Apache-2.0

/// Something that a memory subsystem does and that needs memory for it, as a value, so that it can
/// be made to fail at each place in turn.
///
/// `State` is what the operation works on and what it said: folios, a device, an error.
public struct SweptOperation<State> {
  /// What reports call it.
  public var name: String
  /// Brings a freshly booted host to where the operation begins.
  public var prepare: (LabHost) throws -> State
  /// Does it, and leaves everything at rest.
  public var perform: (LabHost, inout State) -> Void
  /// Says what is wrong with what a failure left behind; nothing if all of it is permitted.
  public var verdict: (LabHost, State, FailedAttempt) -> [String]
  /// Gets to where the operation would have come if nothing had failed.
  public var complete: (LabHost, inout State) -> Void
  /// How exactly ``complete`` comes to where an undisturbed host comes.
  public var ending = Ending.same

  /// What the end has in common with that of an undisturbed host.
  public enum Ending: Sendable {
    /// Every figure.
    case same
    /// What memory is used for; splits, shared tails and where frames came from are another matter.
    case sameUse
    /// Nothing that could be foretold.
    case open
  }

  /// Describes an operation; ``complete`` is to perform it once more if nothing else is said.
  public init(
    name: String, prepare: @escaping (LabHost) throws -> State,
    perform: @escaping (LabHost, inout State) -> Void,
    verdict: @escaping (LabHost, State, FailedAttempt) -> [String],
    complete: ((LabHost, inout State) -> Void)? = nil
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
  /// What memory is used for that it was not; splits and shared tails may stay, and where frames came
  /// from is another matter.
  public var differencesInUse: [String] {
    afterWithoutLeftovers.withoutOrigins.differences(from: beforeWithoutLeftovers.withoutOrigins)
  }
  /// What is not as it was.
  public var differences: [String] { after.differences(from: before) }
}
