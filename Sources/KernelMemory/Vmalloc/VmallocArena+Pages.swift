// SPDX-License-Identifier: Apache-2.0

// Pages for areas. However large the block is that they come in, each stands alone: it has a
// reference of its own and can be given back without the others (spec 09 section 3).

extension VmallocArena {
  /// The most pages that are asked for in one go.
  private static var bulkPageCount: UInt { 100 }

  /// Takes `count` pages in blocks of `order`, on `node` if possible.
  ///
  /// - Precondition: `count` is a multiple of such a block.
  /// - Returns: nil if memory is short; then all is given back.
  func allocatePages(
    _ count: UInt, _ order: PageOrder, on node: NodeID
  ) -> [PageFrameNumber]? {
    var pages: [PageFrameNumber] = []
    pages.reserveCapacity(Int(bitPattern: count))
    if policy.startsWithLargeBlocks { takeLargeBlocks(&pages, count, above: order, on: node) }
    if order == .page { takeInBulk(&pages, count, on: node) }
    while UInt(pages.count) < count {
      guard takeBlock(order, on: node, &pages) else {
        for pfn in pages { allocator.freeFrame(pfn) }
        return nil
      }
    }
    recount(pages) { $0 &+= 1 }
    return pages
  }

  /// Takes blocks larger than `order`, the largest that still fit; of a size that failed once, and
  /// of larger ones, no more are tried.
  private func takeLargeBlocks(
    _ pages: inout [PageFrameNumber], _ count: UInt, above order: PageOrder, on node: NodeID
  ) {
    var limit = allocator.maximumOrder
    while UInt(pages.count) < count {
      let left = count &- UInt(pages.count)
      let size = min(limit, PageOrder(UInt.bitWidth - 1 - left.leadingZeroBitCount))
      guard size > order else { return }
      if !takeBlock(size, on: node, &pages) { limit = PageOrder(size.index - 1) }
    }
  }

  /// Takes single pages, so many at a time, until there are enough or one cannot be had.
  private func takeInBulk(
    _ pages: inout [PageFrameNumber], _ count: UInt, on node: NodeID
  ) {
    var supply = FrameSupply(node: node, options: [], runLength: Self.bulkPageCount)
    while UInt(pages.count) < count, let pfn = supply.take(from: allocator) { pages.append(pfn) }
    supply.returnRest(to: allocator)
  }

  /// Takes one block and makes single pages of it.
  private func takeBlock(
    _ order: PageOrder, on node: NodeID, _ pages: inout [PageFrameNumber]
  ) -> Bool {
    guard let head = allocator.allocateBlock(order, on: node, order == .page ? [] : [.noRetry]),
      let zone = topology.zone(of: head)
    else { return false }
    for pfn in FrameRange(start: head, pageCount: order.pageCount) {
      allocator.vmemmap.initialize(pfn, place: zone.place, references: 1)
      pages.append(pfn)
    }
    return true
  }

  /// Drops the area's reference to each of its pages; what nobody else has is free then.
  func releasePages(of area: VmallocArea) {
    let pages = lock.withLock {
      defer { area.pages = [] }
      return area.pages
    }
    recount(pages) { $0 &-= 1 }
    for pfn in pages { allocator.freeFrame(pfn) }
  }

  /// Changes the count of the node of each page.
  private func recount(_ pages: [PageFrameNumber], _ change: (inout UInt) -> Void) {
    lock.withLock {
      for pfn in pages {
        guard let node = topology.nodeID(of: pfn) else { continue }
        nodePageCounts.update(node.index, change)
      }
    }
  }
}
