// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `What CPUs keep at hand` {
  private let node = NodeID(0)

  @Test func `a freed page stays with the CPU and is the next one it gets`() throws {
    let host = try AllocatorHost()
    let first = try #require(host.allocator.allocateFrame(on: node, [.movable]))
    let free = host.freePageCount(.normal)
    host.allocator.freeFrame(first)
    #expect(host.freePageCount(.normal) == free)
    #expect(host.cpuLists(.normal).pageCount == 1)
    host.check()
    #expect(host.allocator.allocateFrame(on: node, [.movable]) == first)
    #expect(host.cpuLists(.normal).pageCount == 0)
    host.check(holding: 1)
  }

  @Test(arguments: [0, 1, 2, 3, 9])
  func `blocks of small orders and of a pageblock are kept`(order: Int) throws {
    let host = try AllocatorHost()
    host.allocator.cpuLists[host.zone(.normal).index]
      .resize(managed: 1 << 20, total: 1 << 14, pageSize: .fourKiB)
    let order = PageOrder(order)
    let pfn = try #require(host.allocator.allocateBlock(order, on: node, [.movable]))
    host.allocator.freeBlock(pfn, order)
    #expect(host.cpuLists(.normal).pageCount == order.pageCount)
    host.check()
    #expect(host.allocator.allocateBlock(order, on: node, [.movable]) == pfn)
    host.check(holding: order.pageCount)
  }

  @Test(arguments: [4, 8, 10])
  func `blocks of other orders go back at once`(order: Int) throws {
    let host = try AllocatorHost()
    let order = PageOrder(order)
    let before = host.blockCounts(.normal)
    let pfn = try #require(host.allocator.allocateBlock(order, on: node, [.movable]))
    host.allocator.freeBlock(pfn, order)
    #expect(host.cpuLists(.normal).pageCount == 0)
    #expect(host.blockCounts(.normal).reduce(0, +) <= before.reduce(0, +) + 32)
    host.check()
  }

  @Test func `pages are kept by type, and serve requests of that type only`() throws {
    let host = try AllocatorHost()
    let unmovable = try #require(host.allocator.allocateFrame(on: node))
    let movable = try #require(host.allocator.allocateFrame(on: node, [.movable]))
    host.allocator.freeFrame(unmovable)
    #expect(host.allocator.allocateFrame(on: node, [.movable]) != unmovable)
    #expect(host.allocator.allocateFrame(on: node) == unmovable)
    host.allocator.freeFrame(movable)
    #expect(host.allocator.allocateFrame(on: node) != movable)
    host.check(holding: 3)
  }

  @Test func `a CPU that has enough gives the rest back`() throws {
    let host = try AllocatorHost()
    let lists = host.cpuLists(.normal)
    let count = Int(lists.highPageCount) + 100
    let frames = try (0..<count).map { _ in
      try #require(host.allocator.allocateFrame(on: node, [.movable]))
    }
    let free = host.freePageCount(.normal)
    for pfn in frames { host.allocator.freeFrame(pfn) }
    #expect(lists.pageCount == lists.highPageCount)
    #expect(host.freePageCount(.normal) == free + 100)
    host.check()
  }

  @Test func `each CPU has its own pages, and a drain brings those of all back`() throws {
    let host = try AllocatorHost(cpus: 3)
    let machine = host.host.machine
    var frames: [PageFrameNumber] = []
    for _ in 0..<30 {
      frames.append(try #require(host.allocator.allocateFrame(on: node, [.movable])))
    }
    for (index, pfn) in frames.enumerated() {
      machine.run(on: CPUID(index % 3)) { host.allocator.freeFrame(pfn) }
    }
    for cpu in 0..<3 { #expect(host.cpuLists(.normal).pageCount(of: CPUID(cpu)) == 10) }
    host.check()
    let stranger = machine.run(on: CPUID(1)) { host.allocator.allocateFrame(on: node, [.movable]) }
    let kept = try #require(stranger)
    #expect(frames.firstIndex(of: kept).map { $0 % 3 } == 1)
    host.check(holding: 1)
    host.allocator.drainCPULists()
    #expect(host.cpuLists(.normal).pageCount == 0)
    host.check(holding: 1)
  }

  @Test func `after a drain the free lists are as if nothing had been taken`() throws {
    let host = try AllocatorHost()
    let before = host.blockCounts(.normal)
    var held: [(PageFrameNumber, PageOrder)] = []
    for order in [0, 3, 1, 0, 2, 3, 0] {
      let order = PageOrder(order)
      held.append((try #require(host.allocator.allocateBlock(order, on: node, .movable)), order))
    }
    for (pfn, order) in held { host.allocator.freeBlock(pfn, order) }
    host.check()
    host.allocator.drainCPULists()
    let after = host.blockCounts(.normal)
    // A section may have been opened meanwhile; below its blocks nothing is different.
    #expect(Array(before.dropLast()) == Array(after.dropLast()))
    host.check()
  }

  @Test func `how much a CPU takes and keeps follows from the size of the zone`() {
    let lists = ZoneCPULists(cpuCount: 4, pageblockOrder: PageOrder(9))
    lists.resize(managed: 4 << 20, total: 40_000, pageSize: .fourKiB)
    #expect(lists.batchPageCount == 63)
    #expect(lists.highPageCount == 10_000)
    lists.resize(managed: 4096, total: 100, pageSize: .fourKiB)
    #expect(lists.batchPageCount == 1)
    #expect(lists.highPageCount == 25)
    lists.resize(managed: 4096, total: 4, pageSize: .fourKiB)
    #expect(lists.highPageCount == 4)
  }

  @Test func `pages for contiguous allocation are not kept`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    for index in 0..<2 {
      host.topology.sections.setMigrateType(.cma, of: block.advanced(by: index * 512))
    }
    host.allocator.freeBlock(block, .page)
    #expect(host.cpuLists(.normal).pageCount == 0)
    #expect(host.lists(.normal).blockCount(.page, .cma) == 1)
    host.check(holding: pages - 1)
  }

  @Test func `a page of an isolated pageblock is neither kept, counted nor given out`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    host.topology.sections.setIsolated(true, of: block)
    host.allocator.freeBlock(block, PageOrder(3))
    #expect(host.cpuLists(.normal).pageCount == 0)
    #expect(host.freePageCount(.normal) == 0)
    host.check(holding: pages, isIsolating: true)
    #expect(host.takeAll(.page, .normal) == [])
    // The other half of the block is not isolated and does not merge with it.
    host.allocator.freeRun(block.advanced(by: 8)..<block.advanced(by: 1024))
    #expect(host.freePageCount(.normal) == 512)
    host.check(holding: pages - 512, isIsolating: true)
  }
}
