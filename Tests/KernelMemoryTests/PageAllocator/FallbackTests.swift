// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Memory of another type` {
  private let node = NodeID(0)

  /// Leaves two blocks of 4 MiB free in the Normal zone.
  private func twoBlocks() throws -> (AllocatorHost, [PageFrameNumber], held: UInt) {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    try #require(largest.count >= 2)
    let kept = Array(largest.sorted().prefix(2))
    host.giveBack(kept, host.allocator.maximumOrder)
    host.check(holding: pages - 2048)
    return (host, kept, pages - 2048)
  }

  private func take(
    _ order: Int, _ type: MigrateType, from host: AllocatorHost
  ) -> PageFrameNumber? {
    let lists = host.lists(.normal)
    return lists.lock.withLock {
      host.allocator.removeBlock(PageOrder(order), type, from: lists)
    }
  }

  @Test func `a small unmovable request claims a whole large block and its pageblocks`() throws {
    let (host, kept, held) = try twoBlocks()
    let sections = host.topology.sections
    let pfn = try #require(take(0, .unmovable, from: host))
    let block = pfn.aligned(downTo: host.allocator.maximumOrder)
    #expect(kept.contains(block))
    #expect(sections.migrateType(of: block) == .unmovable)
    #expect(sections.migrateType(of: block.advanced(by: 512)) == .unmovable)
    let other = try #require(kept.first { $0 != block })
    #expect(sections.migrateType(of: other) == .movable)
    // What is left of the block serves the next unmovable request, before another one is claimed.
    let next = try #require(take(3, .unmovable, from: host))
    #expect(next.aligned(downTo: host.allocator.maximumOrder) == block)
    #expect(sections.migrateType(of: other) == .movable)
    host.check(holding: held + 9)
  }

  @Test func `movable and unmovable pages stay in different pageblocks while there is room`()
    throws
  {
    let (host, _, held) = try twoBlocks()
    var blocks: [MigrateType: Set<PageFrameNumber>] = [:]
    for index in 0..<600 {
      let type: MigrateType = index % 2 == 0 ? .movable : .unmovable
      let pfn = try #require(take(0, type, from: host))
      blocks[type, default: []].insert(pfn.aligned(downTo: host.allocator.pageblockOrder))
    }
    let movable = try #require(blocks[.movable])
    let unmovable = try #require(blocks[.unmovable])
    #expect(movable.isDisjoint(with: unmovable))
    host.check(holding: held + 600)
  }

  @Test func `reclaimable memory is asked for first by unmovable requests`() throws {
    let (host, kept, held) = try twoBlocks()
    let first = try #require(take(0, .reclaimable, from: host))
    let block = first.aligned(downTo: host.allocator.maximumOrder)
    #expect(host.topology.sections.migrateType(of: block) == .reclaimable)
    // The movable block is larger than what is left of the other one, so it is claimed first.
    let second = try #require(take(0, .unmovable, from: host))
    #expect(second.aligned(downTo: host.allocator.maximumOrder) != block)
    #expect(Set(kept).contains(second.aligned(downTo: host.allocator.maximumOrder)))
    host.check(holding: held + 2)
    // Of equal blocks, the reclaimable one.
    let third = try #require(take(9, .reclaimable, from: host))
    #expect(third == block.advanced(by: 512))
    host.giveBack([third], PageOrder(9))
    host.check(holding: held + 2)
  }

  @Test func `less than half a pageblock is stolen from, and the pageblock keeps its type`() throws
  {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    // 192 of 512 pages: too few to claim for anything but movable blocks of 16 pages and more.
    host.allocator.freeRun(block..<block.advanced(by: 128))
    host.allocator.freeRun(block.advanced(by: 256)..<block.advanced(by: 320))
    host.check(holding: pages - 192)
    let pfn = try #require(take(0, .unmovable, from: host))
    // The smallest block that fits.
    #expect(pfn == block.advanced(by: 256))
    #expect(host.topology.sections.migrateType(of: block) == .movable)
    host.check(holding: pages - 191)
    host.giveBack([pfn], .page)
    host.check(holding: pages - 192)
  }

  @Test func `half a pageblock that is free changes its type with the free pages in it`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    host.allocator.freeRun(block..<block.advanced(by: 192))
    host.allocator.freeRun(block.advanced(by: 256)..<block.advanced(by: 320))
    host.check(holding: pages - 256)
    let pfn = try #require(take(0, .unmovable, from: host))
    #expect(host.topology.sections.migrateType(of: block) == .unmovable)
    #expect(host.topology.sections.migrateType(of: block.advanced(by: 512)) == .movable)
    #expect(pfn.aligned(downTo: host.allocator.pageblockOrder) == block)
    for order in 0...10 {
      #expect(host.lists(.normal).blockCount(PageOrder(order), .movable) == 0)
    }
    host.check(holding: pages - 255)
  }

  @Test func `a movable request steals a small block rather than claim its pageblock`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    for index in 0..<2 {
      host.topology.sections.setMigrateType(.unmovable, of: block.advanced(by: index * 512))
    }
    // More than half of the pageblock, but no block of 16 pages.
    for start in stride(from: 0, to: 512, by: 16) {
      host.allocator.freeRun(block.advanced(by: start)..<block.advanced(by: start + 8))
    }
    host.allocator.freeRun(block.advanced(by: 8)..<block.advanced(by: 9))
    let free = host.freePageCount(.normal)
    #expect(free == 257)
    let pfn = try #require(take(0, .movable, from: host))
    #expect(pfn == block.advanced(by: 8))
    #expect(host.topology.sections.migrateType(of: block) == .unmovable)
    host.check(holding: pages - 256)
  }

  @Test func `a movable request claims the pageblock of a block of 16 pages`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    for index in 0..<2 {
      host.topology.sections.setMigrateType(.unmovable, of: block.advanced(by: index * 512))
    }
    for start in stride(from: 0, to: 512, by: 32) {
      host.allocator.freeRun(block.advanced(by: start)..<block.advanced(by: start + 16))
    }
    _ = try #require(take(0, .movable, from: host))
    #expect(host.topology.sections.migrateType(of: block) == .movable)
    host.check(holding: pages - 255)
  }

  @Test func `a run over pageblocks of two types is one block of one type, or two blocks`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    let order = host.allocator.maximumOrder
    // As after a pageblock was claimed, used, and left again.
    host.topology.sections.setMigrateType(.unmovable, of: block.advanced(by: 512))
    host.giveBack([block], order)
    host.check(holding: pages - 1024)
    let half = try #require(take(9, .movable, from: host))
    host.check(holding: pages - 512)
    let other = try #require(take(9, .unmovable, from: host))
    host.check(holding: pages)
    #expect(Set([half, other]) == [block, block.advanced(by: 512)])
    host.giveBack([other, half], PageOrder(9))
    #expect(host.blockCounts(.normal)[10] == 1)
    host.check(holding: pages - 1024)
  }

  @Test func `memory for contiguous allocation serves no unmovable request`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    for index in 0..<2 {
      host.topology.sections.setMigrateType(.cma, of: block.advanced(by: index * 512))
    }
    host.giveBack([block], host.allocator.maximumOrder)
    host.check(holding: pages - 1024)
    #expect(take(0, .unmovable, from: host) == nil)
    #expect(take(0, .reclaimable, from: host) == nil)
    host.check(holding: pages - 1024)
    let pfn = try #require(take(0, .movable, from: host))
    #expect(pfn == block)
    #expect(host.topology.sections.migrateType(of: block) == .cma)
    host.check(holding: pages - 1023)
    host.giveBack([pfn], .page)
    #expect(host.lists(.normal).blockCount(host.allocator.maximumOrder, .cma) == 1)
    host.check(holding: pages - 1024)
  }

  @Test func `movable requests leave contiguous memory alone until it is more than half`() throws {
    let host = try AllocatorHost()
    let (largest, _) = host.takeEverything(.normal)
    let (area, ordinary) = (try #require(largest.first), try #require(largest.last))
    for index in 0..<2 {
      host.topology.sections.setMigrateType(.cma, of: area.advanced(by: index * 512))
    }
    host.giveBack([area, ordinary], host.allocator.maximumOrder)
    let first = try #require(take(9, .movable, from: host))
    #expect(host.topology.sections.migrateType(of: first) == .movable)
    let second = try #require(take(9, .movable, from: host))
    #expect(host.topology.sections.migrateType(of: second) == .cma)
  }
}
