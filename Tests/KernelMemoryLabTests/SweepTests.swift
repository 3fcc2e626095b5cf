// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Testing

@Suite struct `A sweep of failures` {
  /// Two allocations; the second's failure is forgotten, or not.
  private func operation(isRight: Bool) -> SweptOperation<SimulatedProcess?> {
    SweptOperation(
      name: "take two pages", prepare: { _ in nil },
      perform: { host, state in
        let process = SimulatedProcess(of: host.subsystem)
        let isComplete =
          process.takeKernelPages(1, on: NodeID(0)) == 1
          && process.takeKernelPages(1, on: NodeID(0)) == 1
        if isComplete || isRight { process.exit() } else { state = process }
      },
      verdict: { _, _, attempt in attempt.differences })
  }

  private func host() throws -> LabHost { try LabHost(Self.setup) }

  private static let setup: ScriptSetup = {
    var setup = ScriptSetup()
    var machine = MachineDescription()
    machine.memoryByteCount = 64 << 20
    setup.apply(.machine(machine))
    return setup
  }()

  @Test func `is clean where failures leave nothing`() throws {
    let sweep = try FailureSweep(operation(isRight: true)) { try host() }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount == 2)
    #expect(sweep.failureCount == 2)
  }

  @Test func `finds what a failure leaves behind`() throws {
    let sweep = try FailureSweep(operation(isRight: false)) { try host() }
    #expect(sweep.findings.contains { $0.contains("failing once after 1") })
    #expect(!sweep.findings.contains { $0.contains("failing once after 0") })
    #expect(sweep.findings.contains { $0.contains("frames lost: 1") })
  }

  @Test func `fails every pair of allocations`() throws {
    let sweep = try FailureSweep(pairsOf: operation(isRight: true)) { try host() }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount == 2)
  }

  /// Some operations, without pairs; `hvo torture --what sweep` does all, on every format.
  @Test(arguments: KernelDesign.all.indices)
  func `is clean for operations of several layers`(kernel: Int) throws {
    let names = [
      "grow a pool", "shrink a pool", "free an area", "add a block that describes itself",
      "map a device (generic page=2M)", "make a device ordinary memory",
    ]
    var sweep = MachineSweep(KernelDesign.all[kernel], .x86FourLevel)
    try sweep.run(pairs: .none, where: names.contains)
    #expect(sweep.findings.map(\.text) == [])
    #expect(sweep.operationCount == names.count)
    #expect(sweep.failureCount >= 40)
  }

  @Test(arguments: KernelDesign.all.indices)
  func `has every operation by a name of its own`(kernel: Int) throws {
    let names = try MachineSweep(KernelDesign.all[kernel], .arm64With64KPages).operationNames()
    #expect(Set(names).count == names.count)
    #expect(names.count >= 35)
  }
}
