// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Blank descriptors` {
  @Test func `boot writes the heads of free blocks and nothing else`() throws {
    let host = try TestHost(memory: 512 << 20)
    let subsystem = host.subsystem
    var heads: Set<PageFrameNumber> = []
    for zone in subsystem.topology.zones {
      let lists = subsystem.allocator.freeLists[zone.index]
      for order in 0...10 {
        let list = lists.withList(PageOrder(order), .movable) { $0 }
        subsystem.vmemmap.forEach(in: list) { head in
          heads.insert(head)
          return true
        }
      }
    }
    var written: Set<PageFrameNumber> = []
    for memory in subsystem.topology.nodes[0].memory {
      for pfn in memory where !subsystem.vmemmap.isBlank(pfn) { written.insert(pfn) }
    }
    // Merging leaves a trace in the frame that was freed first; only blocks do not merge at boot.
    #expect(written == heads)
    #expect(host.complaints == [])
  }

  @Test func `reserved memory in use is blank`() throws {
    let subsystem = try TestHost(memory: 512 << 20).subsystem
    for range in subsystem.bootReservations {
      for pfn in range where subsystem.topology.hasMemory(at: pfn) {
        #expect(subsystem.vmemmap.isBlank(pfn))
      }
    }
  }

  @Test func `a huge page that is given back leaves blank descriptors behind`() throws {
    let host = try TestHost(memory: 512 << 20, commandLine: "hugetlb_free_vmemmap=off")
    let pool = try #require(host.subsystem.hugeTLB.pool(for: PageOrder(9)))
    pool.resize(to: 1)
    let head = try #require(host.subsystem.vmemmap.first(of: pool.parts[0].freeList))
    for index in 1..<512 { #expect(!host.subsystem.vmemmap.isBlank(head.advanced(by: index))) }
    #expect(host.complaints == [])
    pool.resize(to: 0)
    for index in 1..<512 { #expect(host.subsystem.vmemmap.isBlank(head.advanced(by: index))) }
    #expect(host.complaints == [])
  }

  @Test func `a descriptor with a type is never blank`() {
    for type in [PageType.buddy, .table, .hugeTLB] {
      #expect(!DescriptorCounts(type: type).isBlank)
    }
    #expect(!DescriptorCounts(references: 0).isBlank)
  }
}
