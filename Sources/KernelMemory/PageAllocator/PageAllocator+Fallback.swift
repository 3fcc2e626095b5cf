// SPDX-License-Identifier: Apache-2.0

// When the blocks of one type are used up, another type's stand in: a large block is claimed with
// the pageblocks it lies in, a small one is stolen and its pageblock keeps its type (spec 02
// section 3). The caller of everything here holds the zone's lock.

extension PageAllocator {
  /// Takes a block of `order` for a request of `type` from other types' lists.
  func removeFallbackBlock(
    _ order: PageOrder, _ type: MigrateType, from lists: ZoneFreeLists
  ) -> PageFrameNumber? {
    if claimLargestBlock(for: type, holding: order, from: lists) {
      return removeBlock(order, listedAs: type, from: lists)
    }
    if openFreeSection(in: lists), claimLargestBlock(for: type, holding: order, from: lists) {
      return removeBlock(order, listedAs: type, from: lists)
    }
    for other in type.fallbacks {
      if let pfn = removeBlock(order, listedAs: other, from: lists) { return pfn }
    }
    return nil
  }

  /// Re-types the largest block of a fall-back type so that it serves `type`.
  ///
  /// - Returns: false if no block is large enough to be claimed.
  private func claimLargestBlock(
    for type: MigrateType, holding order: PageOrder, from lists: ZoneFreeLists
  ) -> Bool {
    for size in stride(from: maximumOrder.index, through: order.index, by: -1) {
      let size = PageOrder(size)
      for other in type.fallbacks {
        guard let pfn = lists.withList(size, other, { vmemmap.first(of: $0) }) else { continue }
        guard size.index >= pageblockOrder.index / 2 || type != .movable else { return false }
        if claim(pfn, size, as: type, from: lists) { return true }
      }
    }
    return false
  }

  /// Makes the free block at `pfn`, or all free blocks of its pageblock, serve `type`.
  private func claim(
    _ pfn: PageFrameNumber, _ order: PageOrder, as type: MigrateType, from lists: ZoneFreeLists
  ) -> Bool {
    if order >= pageblockOrder {
      removeFromList(pfn, order, lists)
      setMigrateType(type, of: pfn, order)
      link(pfn, order, type: type, in: lists)
      return true
    }
    let start = pfn.aligned(downTo: pageblockOrder)
    guard freePages(inPageblock: start) * 2 >= pageblockOrder.pageCount else { return false }
    retype(pageblock: start, as: type, in: lists)
    return true
  }

  /// Counts the free pages of the pageblock at `start`.
  private func freePages(inPageblock start: PageFrameNumber) -> UInt {
    var free: UInt = 0
    forEachFreeBlock(inPageblock: start) { _, order in free &+= order.pageCount }
    return free
  }

  /// Moves the free blocks of a pageblock to the lists of `type`, and gives it that type.
  func retype(
    pageblock start: PageFrameNumber, as type: MigrateType, in lists: ZoneFreeLists
  ) {
    let before = topology.sections.migrateType(of: start)
    forEachFreeBlock(inPageblock: start) { pfn, order in
      // The list that a block is on follows from its pageblock's type.
      topology.sections.setMigrateType(before, of: start)
      removeFromList(pfn, order, lists)
      topology.sections.setMigrateType(type, of: start)
      link(pfn, order, type: type, in: lists)
    }
    topology.sections.setMigrateType(type, of: start)
  }

  /// Calls `body` for each free block that starts in the pageblock at `start`.
  func forEachFreeBlock(
    inPageblock start: PageFrameNumber, _ body: (PageFrameNumber, PageOrder) -> Void
  ) {
    var pfn = start
    let end = PageFrameNumber(start.rawValue &+ pageblockOrder.pageCount)
    while pfn < end {
      guard let order = vmemmap.freeBlockOrder(at: pfn) else {
        pfn = pfn.advanced(by: 1)
        continue
      }
      body(pfn, order)
      pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
    }
  }
}
