// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Splitting and merging` {
  private let node = NodeID(0)

  /// A free block of 4 MiB, all that the Normal zone has free.
  ///
  /// - Returns: the host, the block, and how many pages the test holds.
  private func lastBlock() throws -> (host: AllocatorHost, block: PageFrameNumber, held: UInt) {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let block = try #require(largest.first)
    let order = host.allocator.maximumOrder
    host.giveBack([block], order)
    let held = pages - order.pageCount
    host.check(holding: held)
    return (host, block, held)
  }

  @Test func `an allocation gets the lowest part of the block, the rest stays free by halves`()
    throws
  {
    let (host, block, held) = try lastBlock()
    #expect(host.blockCounts(.normal) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    let lists = host.lists(.normal)
    let pfn = lists.lock.withLock {
      host.allocator.removeBlock(PageOrder(3), .movable, from: lists)
    }
    #expect(pfn == block)
    #expect(host.blockCounts(.normal) == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0])
    #expect(host.vmemmap.freeBlockOrder(at: block.advanced(by: 8)) == PageOrder(3))
    #expect(host.vmemmap.freeBlockOrder(at: block.advanced(by: 512)) == PageOrder(9))
    host.check(holding: held + 8)
    host.giveBack([block], PageOrder(3))
    #expect(host.blockCounts(.normal) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    host.check(holding: held)
  }

  @Test func `the smallest block that fits is cut, not the largest`() throws {
    let (host, block, held) = try lastBlock()
    let lists = host.lists(.normal)
    let allocator = host.allocator
    let first = lists.lock.withLock { allocator.removeBlock(.page, .movable, from: lists) }
    #expect(first == block)
    // Of the halves left, the block of 2^3 is the smallest with eight pages.
    let eight = lists.lock.withLock {
      allocator.removeBlock(PageOrder(3), .movable, from: lists)
    }
    #expect(eight == block.advanced(by: 8))
    #expect(host.blockCounts(.normal) == [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0])
    host.check(holding: held + 9)
  }

  /// P-BUDDY 5, P-BUDDY 6.
  @Test(arguments: [0, 1, 2, 3])
  func `whatever the order in which the parts come back, one block is left`(shuffle: Int)
    throws
  {
    let (host, block, held) = try lastBlock()
    let order = PageOrder(7)
    let parts = host.takeAll(order, .normal).sorted()
    #expect(parts.first == block)
    try #require(parts.count == 8)
    host.check(holding: held + 1024)
    let sequence: [Int]
    switch shuffle {
    case 0: sequence = [0, 1, 2, 3, 4, 5, 6, 7]
    case 1: sequence = [7, 6, 5, 4, 3, 2, 1, 0]
    // Nothing merges until half of it is back.
    case 2: sequence = [0, 2, 4, 6, 1, 3, 5, 7]
    default: sequence = [3, 6, 1, 4, 7, 0, 2, 5]
    }
    for (count, index) in sequence.enumerated() {
      host.giveBack([parts[index]], order)
      if count % 3 == 1 { host.check(holding: held + 1024 - 128 * UInt(count + 1)) }
    }
    host.check(holding: held)
    #expect(host.blockCounts(.normal) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
  }

  @Test func `a block with one page in use stays in halves until that page is back`() throws {
    let (host, block, held) = try lastBlock()
    let pages = host.takeAll(.page, .normal)
    let middle = block.advanced(by: 300)
    host.giveBack(pages.filter { $0 != middle }, .page)
    #expect(host.blockCounts(.normal) == [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    host.check(holding: held + 1)
    host.giveBack([middle], .page)
    #expect(host.blockCounts(.normal) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    host.check(holding: held)
  }

  /// P-BUDDY 9.
  @Test func `a run that starts and ends anywhere comes back as the largest blocks it makes`()
    throws
  {
    let (host, block, held) = try lastBlock()
    _ = host.takeAll(.page, .normal)
    let run = block.advanced(by: 3)..<block.advanced(by: 141)
    host.allocator.freeRun(run)
    // 3, 4…7, 8…15, 16…31, 32…63, 64…127, 128…135, 136…139, 140.
    #expect(host.blockCounts(.normal) == [2, 0, 2, 2, 1, 1, 1, 0, 0, 0, 0])
    host.check(holding: held + 1024 - 138)
  }

  /// P-BUDDY 7.
  @Test func `the eight pages of a folded folio's descriptors become one block`() throws {
    let (host, block, held) = try lastBlock()
    let pages = host.takeAll(.page, .normal)
    let area = block.advanced(by: 64)
    for index in 0..<8 { host.giveBack([area.advanced(by: index)], .page) }
    #expect(host.blockCounts(.normal) == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    host.check(holding: held + 1016)
    // Without the first, as with a head that does not move: orders 0, 1 and 2.
    let second = block.advanced(by: 128)
    for index in 1..<8 { host.giveBack([second.advanced(by: index)], .page) }
    #expect(host.blockCounts(.normal) == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
    host.check(holding: held + 1009)
    #expect(pages.count == 1024)
  }

  @Test func `a bare block says allocated at its head, and nobody refers to it`() throws {
    let host = try AllocatorHost()
    let pfn = try #require(host.allocator.allocateBlock(PageOrder(4), on: node, [.movable]))
    host.vmemmap.with(pfn, for: .load) { words in
      #expect(words.counts == DescriptorCounts(references: 0))
      #expect(words.flags == host.zone(.normal).place)
      #expect(words.link == 0 && words.previous == 0 && words.privateWord == 0)
    }
    host.check(holding: 16)
    host.allocator.freeBlock(pfn, PageOrder(4))
    host.check()
  }

  @Test func `a frame that has to read as zero does`() throws {
    let host = try AllocatorHost()
    let first = try #require(host.allocator.allocateFrame(on: node))
    let address = host.vmemmap.pageSize.address(of: first)
    unsafe host.host.machine.pointer(to: address).storeBytes(of: 0xdead_beef, as: UInt64.self)
    host.allocator.freeFrame(first)
    let second = try #require(host.allocator.allocateFrame(on: node, [.zeroed]))
    #expect(second == first)
    #expect(host.vmemmap.references(to: second) == 1)
    unsafe #expect(host.host.machine.pointer(to: address).load(as: UInt64.self) == 0)
    host.check(holding: 1)
  }
}
