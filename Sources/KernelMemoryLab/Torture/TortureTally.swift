// SPDX-License-Identifier: Apache-2.0

/// What a torture has explored and found.
public struct TortureTally: Codable, Equatable, Sendable {
  /// Random operations that ran.
  public var operations = 0
  /// Machines that they ran on.
  public var machines = 0
  /// Machines that did not boot, which may be right for what was asked of them.
  public var refusedMachines = 0
  /// States that were told apart by their counters; where several processes share the work, the sum of
  /// what each saw.
  public var distinctStates = 0
  /// Operations whose allocations were made to fail.
  public var sweptOperations = 0
  /// Allocations that were made to fail.
  public var failures = 0
  /// Groups of operations that ran at the same time.
  public var groups = 0
  /// Orders in which they ran.
  public var schedules = 0
  /// Whether every operation of the catalogue was swept, and every schedule tried.
  public var isComplete = true
  public var findings: [TortureFinding] = []

  public init() {}

  /// Adds what another process explored and found.
  public mutating func add(_ other: Self) {
    operations += other.operations
    machines += other.machines
    refusedMachines += other.refusedMachines
    distinctStates += other.distinctStates
    sweptOperations += other.sweptOperations
    failures += other.failures
    groups += other.groups
    schedules += other.schedules
    isComplete = isComplete && other.isComplete
    findings += other.findings
  }
}

extension TortureTally {
  /// The tally together with what another process explored and found.
  public func adding(_ other: Self) -> Self {
    var sum = self
    sum.add(other)
    return sum
  }
}

/// Something that a torture found wrong, and how to see it again.
public struct TortureFinding: Codable, Equatable, Sendable {
  public var part: TorturePart
  /// The law that was broken, or what it was in a word.
  public var law: String
  /// What was seen, a line each.
  public var details: [String]
  /// After how many operations, failures or schedules it was seen.
  public var effort: Int
  /// After how many seconds of the process that saw it.
  public var seconds = 0.0
  /// The script that shows it, for `hvo run --check`; nil for a schedule.
  public var script: String?
  /// The same as a Swift test.
  public var swiftTest: String?
  /// The schedule that shows it, for `hvo torture --replay`.
  public var schedule: String?

  public init(part: TorturePart, law: String, details: [String], effort: Int) {
    (self.part, self.law, self.details, self.effort) = (part, law, details, effort)
  }
}
