// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Booting with several nodes` {
  @Test(arguments: [1, 2, 3, 4])
  func `each node has its share, and all of it is somebody's`(nodes: Int) throws {
    let host = try TestHost(memory: 2 << 30, nodes: nodes)
    #expect(host.complaints == [])
    #expect(host.subsystem.nodeIDs == (0..<nodes).map { NodeID($0) })
    // Of the memory below 640 KiB the first page and a part of the last one are none.
    #expect(host.presentPageCount == 2 << 18 - 256 + 158)
    let managed = host.subsystem.zones.reduce(0) { $0 + $1.managedPageCount }
    #expect(host.subsystem.totals.managedPageCount == managed)
    for position in 0..<nodes {
      let present = host.subsystem.zones.reduce(UInt(0)) {
        $1.node == NodeID(position) ? $0 + $1.presentPageCount : $0
      }
      // Shares are cut at multiples of 128 MiB.
      #expect(present.distance(to: (2 << 18) / UInt(nodes)).magnitude <= 1 << 15)
    }
  }

  @Test(arguments: KernelDesign.all.indices)
  func `descriptors of a node's memory lie on that node`(design: Int) throws {
    let host = try TestHost(memory: 2 << 30, nodes: 2, kernel: KernelDesign.all[design])
    let subsystem = host.subsystem
    for node in subsystem.topology.nodes {
      for memory in node.memory where memory.pageCount >= 1 << 15 {
        for pfn in stride(from: memory.lowerBound, to: memory.upperBound, by: 1 << 13) {
          let backing = try #require(
            subsystem.tables.frame(mappedAt: subsystem.vmemmap.address(of: pfn)))
          #expect(subsystem.topology.nodeID(of: backing) == node.id)
        }
      }
    }
    #expect(host.complaints == [])
  }

  @Test func `a node without memory is online, and its requests go elsewhere`() throws {
    let host = try TestHost(
      mebibytes: [(0, 1..<512), (2, 512..<1024)], memorylessNodes: [1],
      commandLine: "hugetlb_free_vmemmap=on hugepages=10")
    #expect(host.complaints == [])
    #expect(host.subsystem.nodeIDs == [NodeID(0), NodeID(1), NodeID(2)])
    #expect(host.pageCounts(ofOrder: 9) == [5, 0, 5])
    let pool = host.pool(9)
    pool.resize(to: 3, .node(1))
    #expect(host.pageCounts(ofOrder: 9) == [5, 0, 5])
    #expect(host.complaints == [])
    let pfn = try #require(host.subsystem.allocator.allocateFrame(on: NodeID(1)))
    #expect(host.subsystem.topology.nodeID(of: pfn) != NodeID(1))
    #expect(host.complaints == [])
  }

  @Test func `the first node may have none`() throws {
    let host = try TestHost(
      mebibytes: [(1, 1..<512)], memorylessNodes: [0], commandLine: "hugepages=4")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 9) == [0, 4])
  }

  /// Two nodes that take turns every gigabyte.
  private func alternating(
    _ commandLine: String, kernel: KernelDesign = .linux7_2
  ) throws -> TestHost {
    try TestHost(
      mebibytes: [
        (0, 1..<1024), (1, 1024..<2048), (0, 2048..<3072), (1, 4096..<5120), (0, 5120..<6144),
        (1, 6144..<7168),
      ], kernel: kernel, commandLine: commandLine)
  }

  @Test(arguments: [KernelDesign.linux6_1, .linux7_2].indices)
  func `nodes that take turns get the pages that each was asked for`(index: Int) throws {
    let host = try alternating(
      "hugetlb_free_vmemmap=on hugepages=0:3,1:5 hugepagesz=1G hugepages=2",
      kernel: [KernelDesign.linux6_1, .linux7_2][index])
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 9) == [3, 5])
    #expect(host.pageCounts(ofOrder: 18) == [1, 1])
    for (position, part) in host.pool(18).parts.enumerated() {
      let head = try #require(host.subsystem.vmemmap.first(of: part.freeList))
      #expect(host.subsystem.topology.nodeID(of: head) == NodeID(position))
    }
    host.pool(18).resize(to: 0)
    #expect(host.complaints == [])
    host.pool(9).resize(to: 0)
    #expect(host.complaints == [])
  }

  @Test func `a run over the border of two nodes goes back to both`() throws {
    let host = try alternating("")
    let allocator = host.subsystem.allocator
    let border = PageFrameNumber(4 << 18 + 1 << 18)
    let zones = try [border.advanced(by: -1), border].map {
      try #require(host.subsystem.topology.zone(of: $0))
    }
    #expect(zones.map { $0.node } == [NodeID(1), NodeID(0)])
    let below = border.advanced(by: -64)..<border
    let above = border..<border.advanced(by: 64)
    // The upper end of a node's memory may have the vmemmap.
    let free = zones.map { allocator.freeLists[$0.index] }
    try #require(allocator.takeRange(above, from: free[1]))
    let isTaken = allocator.takeRange(below, from: free[0])
    allocator.freeRun((isTaken ? below : above).lowerBound..<above.upperBound)
    #expect(host.complaints == [])
    #expect(FreeMemory(of: allocator).faults == [])
  }

  @Test func `numbers of nodes may have gaps`() throws {
    let host = try TestHost(
      mebibytes: [(3, 1..<512), (77, 512..<1024)], commandLine: "hugepages=77:6,3:2,5:9")
    #expect(host.complaints == [])
    #expect(host.subsystem.nodeIDs == [NodeID(3), NodeID(77)])
    // The node that is not there makes the whole list invalid.
    #expect(host.pageCounts(ofOrder: 9) == [0, 0])
    let valid = try TestHost(
      mebibytes: [(3, 1..<512), (77, 512..<1024)], commandLine: "hugepages=77:6,3:2")
    #expect(valid.pageCounts(ofOrder: 9) == [2, 6])
    #expect(valid.complaints == [])
  }
}
