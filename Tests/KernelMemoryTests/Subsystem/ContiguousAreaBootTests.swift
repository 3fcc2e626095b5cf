// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Booting with memory kept for gigantic pages` {
  private func boot(_ commandLine: String, nodes: Int = 1) throws -> TestHost {
    let host = try TestHost(memory: 8 << 30, nodes: nodes, commandLine: commandLine)
    #expect(host.complaints == [])
    return host
  }

  /// GiB by node.
  private func areas(of host: TestHost) -> [UInt] {
    host.subsystem.topology.nodes.map { node in
      host.subsystem.hugeTLB.contiguousAreas.reduce(0) {
        $1.node == node.id ? $0 + $1.frames.pageCount >> 18 : $0
      }
    }
  }

  @Test func `it is managed, free, and typed as such`() throws {
    let host = try boot("hugetlb_cma=2G")
    #expect(areas(of: host) == [2])
    #expect(host.bootLog(startingWith: "hugetlb_cma: reserved") == [
      "hugetlb_cma: reserved 2048 MiB on node 0"
    ])
    let area = try #require(host.subsystem.hugeTLB.contiguousAreas.first)
    for block in stride(from: area.frames.lowerBound, to: area.frames.upperBound, by: 1 << 13) {
      #expect(host.subsystem.topology.sections.migrateType(of: block) == .cma)
    }
    let zone = try #require(host.subsystem.topology.zone(of: area.frames.lowerBound))
    #expect(zone.contiguousArea.load(ordering: .relaxed) == 2 << 18)
    let lists = host.subsystem.allocator.freeLists[zone.index]
    #expect(lists.freeContiguousPageCount.load(ordering: .relaxed) == 2 << 18)
    #expect(try boot("").subsystem.totals.managedPageCount == host.subsystem.totals.managedPageCount)
  }

  @Test func `a total is spread over the nodes in whole pages, filled in order`() throws {
    #expect(areas(of: try boot("hugetlb_cma=3G", nodes: 2)) == [2, 1])
    #expect(areas(of: try boot("hugetlb_cma=1G", nodes: 2)) == [1, 0])
    #expect(areas(of: try boot("hugetlb_cma=2G", nodes: 2)) == [1, 1])
  }

  @Test func `nodes may be named`() throws {
    #expect(areas(of: try boot("hugetlb_cma=1:2G", nodes: 2)) == [0, 2])
    #expect(areas(of: try boot("hugetlb_cma=0:1G,1:2G", nodes: 2)) == [1, 2])
  }

  @Test func `what is no multiple of a gigantic page is refused`() throws {
    let host = try boot("hugetlb_cma=1536M")
    #expect(areas(of: host) == [0])
    #expect(host.bootLog.first == "hugetlb_cma: cma area must be a multiple of 1024 MiB")
    let nodes = try boot("hugetlb_cma=0:512M,1:1G", nodes: 2)
    #expect(areas(of: nodes) == [0, 1])
    #expect(
      nodes.bootLog.first == "hugetlb_cma: cma area of node 0 must be a multiple of 1024 MiB")
  }

  @Test func `a node that is not there, or too small, is passed over`() throws {
    let host = try boot("hugetlb_cma=5:1G,1:1G", nodes: 2)
    #expect(areas(of: host) == [0, 1])
    #expect(host.bootLog.first == "hugetlb_cma: invalid node 5 specified")
    let large = try boot("hugetlb_cma=0:64G,1:1G", nodes: 2)
    #expect(areas(of: large) == [0, 1])
    #expect(large.bootLog.first == "hugetlb_cma: reservation failed: err -12, node 0")
  }

  @Test(arguments: KernelDesign.all.indices)
  func `gigantic pages are not set aside at boot then, and can be had later`(design: Int) throws {
    let host = try TestHost(
      memory: 8 << 30, kernel: KernelDesign.all[design],
      commandLine: "hugetlb_free_vmemmap=on hugetlb_cma=2G hugepagesz=1G hugepages=2")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [0])
    #expect(
      host.bootLog.contains("HugeTLB: hugetlb_cma is enabled, skip boot time allocation"))
    host.pool(18).resize(to: 2)
    #expect(host.pageCounts(ofOrder: 18) == [2])
    #expect(host.complaints == [])
    host.pool(18).resize(to: 0)
    #expect(host.complaints == [])
  }
}
