// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Several processors at once: some grow and shrink pools with folding on, others look at the
/// descriptors of all memory meanwhile.
///
/// Everything in this folder also runs under the thread sanitizer, where it proves that no word is
/// shared without order. The sanitizer keeps a shadow of the memory it watches, which leaves no room
/// for a mapping of tens of terabytes: what has to be proved with threads is proved on small machines.
@Suite struct `Folding while others read` {
  static let kernels = ["5.14", "6.1", "6.12", "7.2", "unified"]

  private func host(_ kernel: String) throws -> TestHost {
    let design = try #require(KernelDesign.named(Array(kernel.utf8)[...]))
    return try TestHost(
      memory: 512 << 20, nodes: 2, kernel: design, cpus: 3,
      commandLine: "hugetlb_free_vmemmap=on", threading: .many)
  }

  @Test(arguments: kernels)
  func `readers meet no fault and no wrong tail, and never raise the count of a free page`(
    kernel: String
  ) throws {
    let host = try host(kernel)
    let subsystem = host.subsystem
    let isDone = Flag()
    let references = Tally()
    let surprises = Tally()
    withThreads(on: host.machine, cpus: 0..<3) { cpu in
      if cpu.index == 2 {
        let reader = DescriptorReader(subsystem: subsystem)
        while !isDone.isSet {
          references.add(reader.takeReferences())
          surprises.add(reader.sweep().count)
        }
      } else {
        let pool = subsystem.hugeTLB.pools[0]
        for round in 0..<12 {
          pool.resize(to: UInt((round * 31 + cpu.index * 17) % 120), .node(cpu.index))
        }
        if cpu.index == 0 { isDone.set() }
      }
    }
    #expect(references.total == 0, "every page was free or frozen; nobody could take a reference")
    #expect(surprises.total == 0, "a tail belongs to the huge page around it")
    #expect(subsystem.complaints == [])
  }

  /// P-PT 11.
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
