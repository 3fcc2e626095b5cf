// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Several processors at once: some grow and shrink pools with folding on, others look at the
/// descriptors of all memory meanwhile, as compaction or a crash handler would. Run under Thread
/// Sanitizer this is also the proof that no word is shared without order.
@Suite struct `Folding while others read` {
  static let kernels = ["5.14", "6.1", "6.12", "7.2", "unified"]

  private func host(_ kernel: String) throws -> TestHost {
    let design = try #require(KernelDesign.named(Array(kernel.utf8)[...]))
    return try TestHost(
      memory: 512 << 20, nodes: 2, kernel: design, cpus: 3,
      commandLine: "hugetlb_free_vmemmap=on", threading: .many)
  }

  @Test(arguments: kernels)
  func `readers never meet a fault and never raise the count of a free page`(
    kernel: String
  ) throws {
    let host = try host(kernel)
    let subsystem = host.subsystem
    let isDone = Flag()
    let references = Tally()
    withThreads(on: host.machine, cpus: 0..<3) { cpu in
      if cpu.index == 2 {
        while !isDone.isSet { references.add(Self.sweep(subsystem)) }
      } else {
        let pool = subsystem.hugeTLB.pools[0]
        for round in 0..<12 {
          pool.resize(to: UInt((round * 31 + cpu.index * 17) % 120), .node(cpu.index))
        }
        if cpu.index == 0 { isDone.set() }
      }
    }
    #expect(references.total == 0, "every page was free or frozen; nobody could take a reference")
    #expect(subsystem.checkInvariants() == [])
  }

  /// Looks at one descriptor of every vmemmap page, and tries to take a reference to huge pages.
  ///
  /// - Returns: the references it got to pages of pools.
  private static func sweep(_ subsystem: MemorySubsystem) -> Int {
    let vmemmap = subsystem.vmemmap
    var taken = 0
    var pfn = PageFrameNumber(0x1000)
    while pfn < subsystem.topology.end {
      let head = vmemmap.head(of: pfn)
      if vmemmap.isHugeTLB(head), vmemmap.takeReferenceUnlessZero(head) {
        taken += 1
        _ = vmemmap.dropReference(head)
      }
      pfn = pfn.advanced(by: 61)
    }
    return taken
  }

  @Test(arguments: kernels)
  func `a processor that keeps a stale translation reads what was there until it is flushed`(
    kernel: String
  ) throws {
    let host = try host(kernel)
    let pool = host.subsystem.hugeTLB.pools[0]
    let head = try #require(pool.allocateBarePage(on: NodeID(0), [.thisNode]))
    pool.completeDescriptors(of: head)
    let tail = host.subsystem.vmemmap.address(of: head.advanced(by: 200))
    let before = try host.machine.run(on: CPUID(1)) {
      try host.machine.load(tail.advanced(byBytes: 8))
    }
    try host.subsystem.optimizer.optimize(Folio(head: head, order: pool.order))
    let after = try host.machine.run(on: CPUID(1)) {
      try host.machine.load(tail.advanced(byBytes: 8))
    }
    #expect(before & 1 == 1)
    #expect(after & 1 == 1)
    #expect(host.subsystem.vmemmap.head(of: head.advanced(by: 200)) == head)
    #expect(throws: MachineFault.readOnly(tail)) {
      try host.machine.run(on: CPUID(1)) { try host.machine.store(0, at: tail) }
    }
  }
}
