// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// Fails every allocation of every operation of the catalogue on one kind of machine, and every
/// allocation of its boot.
public struct MachineSweep {
  /// Something that a failure left behind.
  public struct Finding: Sendable {
    /// What, and after which failure.
    public var text: String
    /// The script that comes there.
    public var script: String
  }

  /// What was wrong.
  public private(set) var findings: [Finding] = []
  /// How many operations there were.
  public private(set) var operationCount = 0
  /// How many allocations were made to fail.
  public private(set) var failureCount: UInt = 0

  private let machine: LabMachine

  /// A sweep over small machines with `kernel` on `format`.
  public init(_ kernel: KernelDesign, _ format: PagingFormat) {
    var machine = LabMachine()
    machine.kernel = "\(kernel.name)"
    machine.architecture = "\(format.name)"
    let unit: UInt = max(128 << 20, 1 << format.sectionShift)
    let start: UInt = 1 << 20
    let memory = SweepCatalogue.memory(for: format)
    machine.pieces = [.init(node: 0, bytes: start..<memory)]
    let device = (memory + unit - 1) / unit * unit
    machine.pieces.append(.init(node: 0, bytes: device..<device + unit, isDevice: true))
    machine.room = 4 * unit
    machine.parameters = ["hugetlb_free_vmemmap=on"]
    self.machine = machine
  }

  /// The names of all operations, in their order.
  ///
  /// - Throws: what the machine's boot throws.
  public func operationNames() throws -> [String] {
    try operations().map(\.name) + ["boot"]
  }

  private func operations() throws -> [SweptScript] {
    let setup = try Scenario(machine: machine).parsed().setup
    return SweepCatalogue(MachineFacts(try LabHost(setup), setup)).all
  }

  /// Which pairs of failures are tried.
  public enum Pairs: Sendable {
    /// None.
    case none
    /// All of an operation with few allocations, an even selection of those of others.
    case some
    /// All.
    case all

    /// Every how manyth allocation of `count` fails.
    func stride(of count: UInt) -> UInt? {
      switch self {
      case .none: nil
      case .some: count / 40 + 1
      case .all: 1
      }
    }
  }

  /// Sweeps the operations whose names `isWanted` is true for: single failures, lasting ones, and pairs.
  ///
  /// - Parameter shouldStop: is asked again and again.
  /// - Returns: whether all was done.
  /// - Throws: what the machine's boot throws.
  @discardableResult
  public mutating func run(
    pairs: Pairs = .some, where isWanted: (String) -> Bool = { _ in true },
    shouldStop: () -> Bool = { false }
  ) throws -> Bool {
    for script in try operations() where isWanted(script.name) {
      if shouldStop() { return false }
      try sweep(script, pairs, shouldStop)
    }
    if isWanted("boot"), !shouldStop() { try sweepBoot() }
    return !shouldStop()
  }

  private mutating func sweep(
    _ script: SweptScript, _ pairs: Pairs, _ shouldStop: () -> Bool
  ) throws {
    var scenario = Scenario(machine: machine)
    scenario.machine.parameters += script.parameters
    let setup = try scenario.parsed().setup
    operationCount += 1
    var count: UInt = 0
    for manner in FailureSweep.Manner.allCases {
      let sweep = try FailureSweep(script.swept, manner) { try LabHost(setup) }
      if manner == .once { count = sweep.failurePointCount }
      try note(sweep, script, scenario.machine)
    }
    guard let stride = pairs.stride(of: count) else { return }
    let sweep = try FailureSweep(pairsOf: script.swept, stride: stride, shouldStop: shouldStop) {
      try LabHost(setup)
    }
    try note(sweep, script, scenario.machine)
  }

  private mutating func note(
    _ sweep: FailureSweep, _ script: SweptScript, _ machine: LabMachine
  ) throws {
    failureCount += sweep.failureCount
    guard let directive = sweep.firstDirective else { return }
    let setup = try Scenario(machine: machine).parsed().setup
    let lines = try script.lines(on: LabHost(setup), failing: directive)
    let text = Scenario(machine: machine, operations: lines).script
    findings += sweep.findings.map {
      Finding(text: "\(machine.kernel), \(machine.architecture): \($0)", script: text)
    }
  }

  /// Fails each allocation of boot: it succeeds with less, or says that it cannot.
  private mutating func sweepBoot() throws {
    var scenario = Scenario(machine: machine)
    scenario.machine.parameters += ["hugepages=4"]
    let setup = try scenario.parsed().setup
    operationCount += 1
    var served: UInt = 0
    while served < 10_000 {
      var asked: UInt = 0
      if let host = try? LabHost(setup, arm: { $0.failures.failAllocation(after: served) }) {
        asked = host.machine.failures.allocationCount
        host.machine.failures.stopFailing()
        findings += host.complaints.map {
          let text =
            "\(machine.kernel), \(machine.architecture): boot, failing once after \(served): \($0)"
          return Finding(text: text, script: scenario.script)
        }
        guard asked > served else { return }
      }
      failureCount += 1
      served += 1
    }
  }
}
