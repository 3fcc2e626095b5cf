// SPDX-License-Identifier: Apache-2.0

/// A script on its way: runs line by line and tells which lines went otherwise than wanted.
///
/// Whether a command that fails is bad is known only when no more expectations can follow that call
/// its error right. Then it is settled: together with those expectations that were not met.
public struct ScriptExecution {
  /// A line that ran.
  public struct Record: Sendable {
    /// The line.
    public let line: Script.Line
    /// What it printed.
    public let output: [UInt8]
    /// How it went; an error that is expected becomes ``ScriptOutcome/Result/failedAsExpected(_:)``.
    public internal(set) var result: ScriptOutcome.Result
    /// Invariants that did not hold afterwards.
    public let violations: [InvariantViolation]

    /// Whether it went as the script wants it.
    public var isGood: Bool {
      violations.isEmpty && ScriptOutcome(line: line.number, result: result).isGood
    }
  }

  /// Whether invariants are checked after every line that may change something.
  public let checksInvariants: Bool
  /// The lines that ran, in their order.
  public private(set) var records: [Record] = []
  private let runner: ScriptRunner
  /// The places among ``records`` of a command that failed and of expectations behind it that were
  /// not met.
  private var open: [Int] = []

  /// Starts on the machine behind `tree`.
  public init(_ tree: InterfaceTree, checksInvariants: Bool) {
    self.checksInvariants = checksInvariants
    runner = ScriptRunner(tree)
  }

  /// Whether every line so far went as the script wants it.
  public var isGood: Bool { records.allSatisfy { $0.isGood } }

  /// Runs a line; what it printed is in the last of ``records``.
  ///
  /// - Returns: earlier lines that are bad for good now.
  public mutating func run(_ line: Script.Line) -> [Record] {
    var isExpectation = false
    var expectsError = false
    if case .expect(let expectation, on: _) = line.command {
      isExpectation = true
      if case .error = expectation { expectsError = true }
    }
    let settled = isExpectation ? [] : settle()
    var output = TextSink()
    let outcome = runner.run(line.command, line: line.number, output: &output)
    if expectsError, outcome.result == .succeeded { forgiveCommand() }
    let isDue = line.command == .check || checksInvariants && line.command.mayChangeMemory
    let violations = isDue ? runner.tree.subsystem.checkInvariants() : []
    let record = Record(
      line: line, output: output.bytes, result: outcome.result, violations: violations)
    if !record.isGood { open.append(records.count) }
    records.append(record)
    return settled
  }

  /// Says that no more lines follow.
  ///
  /// - Returns: the lines that are bad for good now.
  public mutating func settle() -> [Record] {
    defer { open = [] }
    return open.map { records[$0] }
  }

  /// The command before was expected to fail; invariants never are.
  private mutating func forgiveCommand() {
    guard let place = open.first, records[place].violations.isEmpty,
      case .failed(let error) = records[place].result
    else { return }
    records[place].result = .failedAsExpected(error)
    open.removeFirst()
  }
}

extension ScriptCommand {
  /// Whether the machine's memory may be another afterwards.
  fileprivate var mayChangeMemory: Bool {
    switch self {
    case .write, .mapHuge, .unmap, .addMemory, .removeMemory, .vmalloc, .vfree, .daxDevice,
      .mapDevice, .unmapDevice, .useDevicePage, .releaseDevicePage, .loadDrivers, .takePages,
      .releasePages, .poison, .unpoison:
      true
    case .print, .show, .list, .nothing, .failAllocation, .failBasePages, .failNothing, .useCPU,
      .remember, .expect, .check:
      false
    }
  }
}
