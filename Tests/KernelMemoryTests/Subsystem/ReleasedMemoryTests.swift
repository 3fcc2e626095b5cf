// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The vmemmap comes from the boot allocator and is not managed. Folding gives its frames to the page
/// allocator for the first time, so total memory grows, once for each of them, and never shrinks.
@Suite struct `Boot memory that is released` {
  /// Total memory, boot pages and runtime pages of the vmemmap.
  private func figures(of host: TestHost) -> [Int] {
    let totals = host.subsystem.totals
    return [
      Int(totals.managedPageCount), totals.bootVmemmapPageCount, totals.runtimeVmemmapPageCount,
    ]
  }

  /// By how much each figure changes when the pool of 2 MiB pages gets `count` pages.
  private func change(_ host: TestHost, to count: UInt) -> [Int] {
    let before = figures(of: host)
    host.pool(9).resize(to: count)
    #expect(host.complaints == [])
    return zip(figures(of: host), before).map { $0 - $1 }
  }

  /// Pages that were folded before give nothing for the first time; a few others may take part, where
  /// unfolding has used memory of the former ones.
  private func expectRefolding(_ host: TestHost) {
    let change = change(host, to: 100)
    #expect(change[0] == -change[1])
    #expect(change[0] < 100)
    #expect(change[1] + change[2] == -700)
  }

  /// P-BUDDY 7.
  @Test(arguments: [KernelDesign.linux6_12, .linux7_2, .unified].indices)
  func `each page gives eight once, and one comes back as its head`(index: Int) throws {
    let kernel = [KernelDesign.linux6_12, .linux7_2, .unified][index]
    let host = try TestHost(
      memory: 1 << 30, kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    #expect(change(host, to: 100) == [800, -800, 100])
    #expect(change(host, to: 0) == [0, 0, 700])
    expectRefolding(host)
    #expect(change(host, to: 0) == [0, 0, 700])
  }

  /// P-BUDDY 7.
  @Test func `where head pages do not move, each page gives seven`() throws {
    let host = try TestHost(
      memory: 1 << 30, kernel: .linux6_1, commandLine: "hugetlb_free_vmemmap=on")
    #expect(change(host, to: 100) == [700, -700, 0])
    #expect(change(host, to: 0) == [0, 0, 700])
    expectRefolding(host)
  }

  @Test func `where two pages are kept, each page gives six`() throws {
    let host = try TestHost(
      memory: 1 << 30, kernel: .linux5_14, commandLine: "hugetlb_free_vmemmap=on")
    #expect(change(host, to: 100) == [600, -600, 0])
    #expect(change(host, to: 0) == [0, 0, 600])
  }

  @Test func `a gigabyte gives all of its 4,096 pages`() throws {
    let host = try TestHost(memory: 6 << 30, commandLine: "hugetlb_free_vmemmap=on")
    let before = figures(of: host)
    host.pool(18).resize(to: 1)
    #expect(host.complaints == [])
    #expect(zip(figures(of: host), before).map { $0 - $1 } == [4096, -4096, 1])
  }

  @Test func `released frames are ordinary memory: somebody can have them, and give them back`()
    throws
  {
    let host = try TestHost(memory: 128 << 20, commandLine: "hugetlb_free_vmemmap=on")
    let subsystem = host.subsystem
    let reserved = subsystem.bootReservations
    host.pool(9).resize(to: 20)
    #expect(host.complaints == [])
    var held: [PageFrameNumber] = []
    while let pfn = subsystem.allocator.allocateFrame(
      on: NodeID(0), [.movable, .ignoreWatermarks])
    {
      held.append(pfn)
    }
    let released = held.filter { pfn in reserved.contains { $0.contains(pfn) } }
    // The frame of a head page and the shared tail may be among them.
    #expect(released.count <= 160 && released.count >= 160 - 21)
    #expect(host.complaints == [])
    for pfn in held { subsystem.allocator.freeFrame(pfn) }
    #expect(host.complaints == [])
  }

  /// P-BUDDY 8.
  @Test func `64 neighbours release the block that described them, whole`() throws {
    let host = try TestHost(memory: 1 << 30, commandLine: "hugetlb_free_vmemmap=on")
    let subsystem = host.subsystem
    host.pool(9).resize(to: 400)
    #expect(host.complaints == [])
    let blocks = FreeMemory(of: subsystem.allocator).blocks
    let reserved = subsystem.bootReservations
    let whole = blocks.filter { block in
      block.frames.pageCount >= 512
        && reserved.contains { $0.contains(block.frames.lowerBound) }
    }
    #expect(whole.count >= 1)
  }

  @Test func `zones count what they manage`() throws {
    let host = try TestHost(memory: 1 << 30, nodes: 2, commandLine: "hugetlb_free_vmemmap=on")
    let before = host.subsystem.zones.map { $0.managedPageCount }
    host.pool(9).resize(to: 10, .node(1))
    #expect(host.complaints == [])
    let growth = zip(host.subsystem.zones, before).map { $0.managedPageCount - $1 }
    #expect(growth == [0, 0, 80])
  }

  @Test func `what higher zones keep back from lower ones grows with them`() throws {
    let host = try TestHost(memory: 6 << 30, commandLine: "hugetlb_free_vmemmap=on")
    let dma = try #require(host.zone(.dma))
    let allocator = host.subsystem.allocator
    let before = allocator.lowmemReserve(of: dma, for: .normal)
    host.pool(18).resize(to: 2)
    #expect(allocator.lowmemReserve(of: dma, for: .normal) == before + 2 * 4096 / 256)
    #expect(host.complaints == [])
  }
}
