// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Booting with memory kept for gigantic pages` {
  /// 1 GiB on arm64, where the smallest gigantic page has 32 MiB.
  private func boot(_ commandLine: String, nodes: Int = 1) throws -> TestHost {
    let host = try TestHost(
      memory: 1 << 30, nodes: nodes, format: .arm64With4KPages, commandLine: commandLine)
    #expect(host.complaints == [])
    return host
  }

  /// MiB by node.
  private func areas(of host: TestHost) -> [UInt] {
    host.subsystem.topology.nodes.map { node in
      host.subsystem.hugeTLB.contiguousAreas.reduce(0) {
        $1.node == node.id ? $0 + $1.frames.pageCount >> 8 : $0
      }
    }
  }

  @Test func `it is managed, free, and typed as such`() throws {
    let host = try boot("hugetlb_cma=64M")
    #expect(areas(of: host) == [64])
    #expect(
      host.bootLog(startingWith: "hugetlb_cma: reserved") == [
        "hugetlb_cma: reserved 64 MiB on node 0"
      ])
    let area = try #require(host.subsystem.hugeTLB.contiguousAreas.first)
    for block in stride(from: area.frames.lowerBound, to: area.frames.upperBound, by: 512) {
      #expect(host.subsystem.topology.sections.migrateType(of: block) == .cma)
    }
    let zone = try #require(host.subsystem.topology.zone(of: area.frames.lowerBound))
    #expect(zone.contiguousArea.load(ordering: .relaxed) == 64 << 8)
    let lists = host.subsystem.allocator.freeLists[zone.index]
    #expect(lists.freeContiguousPageCount.load(ordering: .relaxed) == 64 << 8)
    let plain = try boot("")
    #expect(
      plain.subsystem.totals.managedPageCount == host.subsystem.totals.managedPageCount)
  }

  @Test func `a total is spread over the nodes in whole pages, filled in order`() throws {
    #expect(areas(of: try boot("hugetlb_cma=96M", nodes: 2)) == [64, 32])
    #expect(areas(of: try boot("hugetlb_cma=32M", nodes: 2)) == [32, 0])
    #expect(areas(of: try boot("hugetlb_cma=64M", nodes: 2)) == [32, 32])
  }

  @Test func `nodes may be named`() throws {
    #expect(areas(of: try boot("hugetlb_cma=1:64M", nodes: 2)) == [0, 64])
    #expect(areas(of: try boot("hugetlb_cma=0:32M,1:64M", nodes: 2)) == [32, 64])
  }

  @Test func `what is no multiple of a gigantic page is refused`() throws {
    let host = try boot("hugetlb_cma=48M")
    #expect(areas(of: host) == [0])
    #expect(host.bootLog.first == "hugetlb_cma: cma area must be a multiple of 32 MiB")
    let nodes = try boot("hugetlb_cma=0:16M,1:32M", nodes: 2)
    #expect(areas(of: nodes) == [0, 32])
    #expect(
      nodes.bootLog.first == "hugetlb_cma: cma area of node 0 must be a multiple of 32 MiB")
  }

  @Test func `a node that is not there, or too small, is passed over`() throws {
    let host = try boot("hugetlb_cma=5:32M,1:32M", nodes: 2)
    #expect(areas(of: host) == [0, 32])
    #expect(host.bootLog.contains("hugetlb_cma: invalid node 5 specified"))
    let large = try boot("hugetlb_cma=0:64G,1:32M", nodes: 2)
    #expect(areas(of: large) == [0, 32])
    #expect(large.bootLog.contains("hugetlb_cma: reservation failed: err -12, node 0"))
  }

  @Test(arguments: [KernelDesign.linux6_12, .linux7_2].indices)
  func `gigantic pages are not set aside at boot then, and can be had later`(index: Int) throws {
    let host = try TestHost(
      memory: 4 << 30, kernel: [KernelDesign.linux6_12, .linux7_2][index],
      commandLine: "hugetlb_free_vmemmap=on hugetlb_cma=1G hugepagesz=1G hugepages=1")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [0])
    #expect(
      host.bootLog.contains("HugeTLB: hugetlb_cma is enabled, skip boot time allocation"))
    host.pool(18).resize(to: 1)
    #expect(host.pageCounts(ofOrder: 18) == [1])
    #expect(host.complaints == [])
  }
}
