// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Memory set aside for gigantic pages` {
  private func events(_ host: PoolHost) -> [UInt] {
    let events = host.host.subsystem.allocator.events
    return [
      events.contiguousAreaSuccesses.load(ordering: .relaxed),
      events.contiguousAreaFailures.load(ordering: .relaxed),
    ]
  }

  private func contiguousPageCount(_ host: PoolHost) -> UInt {
    host.host.subsystem.topology.zones.reduce(0) {
      $0 + $1.contiguousArea.load(ordering: .relaxed)
    }
  }

  @Test func `gigantic pages come from it first and go back to it`() throws {
    let host = try PoolHost(
      memory: 8 << 30, commandLine: "hugetlb_cma=2G hugetlb_free_vmemmap=on")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    #expect(contiguousPageCount(host) == 2 << 18)
    host.gigantic.resize(to: 3)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 3, free: 3))
    #expect(events(host) == [2, 1])
    #expect(area.takenPageCount == 2 << 18)
    let inside = host.freePages(of: host.gigantic).filter { area.frames.contains($0) }
    #expect(inside.count == 2)
    #expect(inside.allSatisfy { host.vmemmap.hasHugePageMarks(.contiguousArea, at: $0) })

    host.gigantic.resize(to: 0)
    host.check()
    #expect(area.takenPageCount == 0)
    host.gigantic.resize(to: 2)
    host.check()
    #expect(events(host) == [4, 1])
    #expect(area.takenPageCount == 2 << 18)
  }

  @Test func `movable memory borrows it meanwhile`() throws {
    let host = try PoolHost(memory: 8 << 30, commandLine: "hugetlb_cma=4G")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    host.pool.resize(to: 3000)
    host.check()
    #expect(host.freePages(of: host.pool).contains { area.frames.contains($0) })
    let before = host.gigantic.counts.pageCount
    host.gigantic.resize(to: 5)
    host.check()
    #expect(host.gigantic.counts.pageCount < before + 5)
  }

  @Test func `a page that could not be unfolded still knows where it came from`() throws {
    let host = try PoolHost(
      memory: 8 << 30, commandLine: "hugetlb_cma=1G hugetlb_free_vmemmap=on")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    host.gigantic.resize(to: 1)
    host.failures.failBasePageAllocations()
    host.gigantic.resize(to: 0)
    host.failures.stopFailing()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1, surplus: 1))
    host.gigantic.resize(to: 1)
    host.gigantic.resize(to: 0)
    host.check()
    #expect(host.gigantic.counts == HugePageCounts())
    #expect(area.takenPageCount == 0)
  }

  @Test func `the parts of a split page go back to it one by one`() throws {
    let host = try PoolHost(
      memory: 8 << 30, commandLine: "hugetlb_cma=1G hugetlb_free_vmemmap=on")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    host.gigantic.resize(to: 1)
    try host.gigantic.demote(1)
    host.check()
    host.pool.resize(to: 100)
    host.check()
    #expect(area.takenPageCount == 100 << 9)
    #expect(host.hugeTLB.allocateFromContiguousArea(area.order, on: area.node, []) == nil)
    host.pool.resize(to: 0)
    host.check()
    #expect(area.takenPageCount == 0)
    #expect(host.pool.demotionOrder == nil)
  }

  @Test func `a bad frame keeps its slot from being used`() throws {
    let host = try PoolHost(
      memory: 8 << 30, commandLine: "hugetlb_cma=1G hugetlb_free_vmemmap=on")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    host.gigantic.resize(to: 1)
    let head = try #require(host.freePages(of: host.gigantic).first)
    let bad = PageFrameNumber(head.rawValue + 70_000)
    #expect(try host.hugeTLB.poison(bad) == .dissolved)
    host.check()
    #expect(area.takenPageCount == 1)
    #expect(host.hugeTLB.allocateFromContiguousArea(area.order, on: area.node, []) == nil)
    try host.hugeTLB.unpoison(bad)
    host.check()
    #expect(area.takenPageCount == 0)
    host.gigantic.resize(to: 1)
    #expect(host.freePages(of: host.gigantic) == [head])
  }

  @Test func `another node's area serves where the request allows it`() throws {
    let host = try PoolHost(
      memory: 8 << 30, nodes: 2, commandLine: "hugetlb_cma=1:1G")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    let far = host.host.subsystem.nodeIDs[0]
    #expect(host.hugeTLB.allocateFromContiguousArea(area.order, on: far, [.thisNode]) == nil)
    let head = try #require(host.hugeTLB.allocateFromContiguousArea(area.order, on: far, []))
    #expect(area.frames.contains(head))
    host.hugeTLB.returnToContiguousArea(Folio(head: head, order: area.order).frames)
    host.check()
  }

  @Test func `an area of one's own comes first, and each is asked once`() throws {
    let host = try PoolHost(
      memory: 8 << 30, nodes: 2, commandLine: "hugetlb_cma=0:1G,1:1G")
    let areas = host.hugeTLB.contiguousAreas
    try #require(areas.count == 2)
    let own = areas[1]
    let heads = (0..<3).map { _ in
      host.hugeTLB.allocateFromContiguousArea(own.order, on: own.node, [])
    }
    #expect(heads == [own.frames.lowerBound, areas[0].frames.lowerBound, nil])
    // The second request missed once, the third twice.
    #expect(events(host) == [2, 3])
    for head in heads.compactMap({ $0 }) {
      host.hugeTLB.returnToContiguousArea(Folio(head: head, order: own.order).frames)
    }
    host.check()
  }

  @Test func `with nothing else allowed, an empty area means no page`() throws {
    let host = try PoolHost(memory: 8 << 30, commandLine: "hugetlb_cma=1G")
    host.hugeTLB.usesContiguousAreasOnly.store(true, ordering: .relaxed)
    host.gigantic.resize(to: 3)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
  }

  @Test func `an allocation that is made to fail falls back to ordinary memory`() throws {
    let host = try PoolHost(memory: 8 << 30, commandLine: "hugetlb_cma=1G")
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    host.failures.failAllocation(after: 0)
    host.gigantic.resize(to: 1)
    host.failures.stopFailing()
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
    #expect(area.takenPageCount == 0)
    #expect(events(host) == [0, 1])
  }
}
