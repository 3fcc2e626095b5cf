// SPDX-License-Identifier: Apache-2.0

/// What one schedule is tried on: work for several CPUs that begins from the same state each time.
public struct ScheduleTrial: Sendable {
  /// The work, by CPU.
  public var bodies: [@Sendable () -> Void]
  /// What is wrong afterwards, when nobody is at work any more.
  public var verdict: @Sendable () -> [String]

  /// A trial of `bodies`, each of which says itself which CPU it is.
  public init(
    _ bodies: [@Sendable () -> Void], verdict: @escaping @Sendable () -> [String] = { [] }
  ) {
    self.bodies = bodies
    self.verdict = verdict
  }
}

/// How one schedule went.
public struct ScheduleOutcome: Sendable {
  /// A step at which another CPU might have gone on.
  struct Choice {
    let step: Int
    /// Who else could have; bit *n* stands for CPU *n*.
    let alternatives: UInt64
    /// Whether the CPU that ran before could not go on anyway.
    let isFree: Bool
  }

  /// The schedule that it went by.
  public internal(set) var schedule = Schedule()
  /// How many steps there were.
  public internal(set) var stepCount = 0
  /// What was wrong; empty if nothing was.
  public internal(set) var complaints: [String] = []
  /// Whether CPUs were left where they stood, with all they held.
  public internal(set) var isStuck = false
  /// What every CPU did, a line each, if somebody wanted to know.
  public internal(set) var log: [String] = []
  var choices: [Choice] = []
}
