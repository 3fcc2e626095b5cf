// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension PageAllocator {
  /// Finds and takes a bare, aligned block of `order`, larger than any list holds.
  ///
  /// Zones are searched in the order of the node's requests, each from its start. Watermarks do
  /// not count: a kernel does not look at them here either.
  ///
  /// - Returns: nil if no zone has such a block free.
  /// - Linux: `alloc_contig_pages()` (spec 02 section 8.2).
  func allocateContiguous(
    _ order: PageOrder, on node: NodeID, _ options: AllocationOptions
  ) -> PageFrameNumber? {
    if machine.failures.takesAllocation(of: order) { return nil }
    guard let position = topology.position(of: node) else { return nil }
    for index in zoneOrders[position] {
      let zone = topology.zones[index]
      if zone.kind > options.highestZone { continue }
      if options.contains(.thisNode), zone.node != node { continue }
      if let pfn = allocateContiguous(order, in: freeLists[index]) { return pfn }
    }
    return nil
  }

  private func allocateContiguous(
    _ order: PageOrder, in lists: ZoneFreeLists
  ) -> PageFrameNumber? {
    drainCPULists(of: lists.zone)
    while true {
      let (range, isTaken) = lists.lock.withLock { takeNextRange(of: order, from: lists) }
      if isTaken {
        machine.cost.add(order.pageCount, to: .framesAllocated)
        events.allocatedPages.add(order.pageCount, from: machine.counterWriters)
        return range.lowerBound
      }
      if range.upperBound > lists.zone.span.upperBound { return nil }
    }
  }

  /// Takes the block of `order` that the zone's search comes to, if it is free, and lets the search
  /// go on behind it. The caller holds the zone's lock.
  ///
  /// - Returns: the block and whether it was taken; one that ends behind the zone ends the search.
  private func takeNextRange(
    of order: PageOrder, from lists: ZoneFreeLists
  ) -> (range: FrameRange, isTaken: Bool) {
    let span = lists.zone.span
    let start = lists.contiguousSearch.start(
      for: order, lowest: span.lowerBound.aligned(upTo: order))
    let range = FrameRange(start: start, pageCount: order.pageCount)
    guard range.upperBound <= span.upperBound else { return (range, false) }
    lists.contiguousSearch.advance(to: range.upperBound, order: order)
    guard isFree(range, in: lists) else { return (range, false) }
    removeRange(range, from: lists)
    return (range, true)
  }

  /// Takes all of `range`, an aligned power of two, off the free lists, if all of it is free.
  ///
  /// - Returns: false if any of it is not; then nothing changed.
  func takeRange(_ range: FrameRange, from lists: ZoneFreeLists) -> Bool {
    lists.lock.withLock {
      guard isFree(range, in: lists) else { return false }
      removeRange(range, from: lists)
      return true
    }
  }

  /// Whether every frame of `range` is on a free list or in a whole free section of the zone.
  private func isFree(_ range: FrameRange, in lists: ZoneFreeLists) -> Bool {
    // What is freed bit by bit, such as a vmemmap, is free from its start on: the end tells sooner.
    let last = PageFrameNumber(range.upperBound.rawValue &- 1)
    guard freeStretch(at: last, in: lists) != nil else { return false }
    var pfn = range.lowerBound
    while pfn < range.upperBound {
      guard let size = freeStretch(at: pfn, in: lists) else { return false }
      pfn = PageFrameNumber(pfn.rawValue &+ size)
    }
    return true
  }

  /// The free pages from `pfn` to the end of its section or block; nil if it is not free.
  private func freeStretch(at pfn: PageFrameNumber, in lists: ZoneFreeLists) -> UInt? {
    let number = topology.sections.number(of: pfn)
    guard topology.sections[number].marks.contains(.hasMap), topology.zone(of: pfn) === lists.zone
    else { return nil }
    if isFreeSection(number, in: lists) {
      return topology.sections.frames(of: number).upperBound.rawValue &- pfn.rawValue
    }
    if topology.sections.isIsolated(pfn) { return nil }
    return freeBlock(containing: pfn).map { $0.upperBound.rawValue &- pfn.rawValue }
  }

  /// The free block on a list that `pfn` belongs to.
  func freeBlock(containing pfn: PageFrameNumber) -> FrameRange? {
    for order in 0...maximumOrder.index {
      let order = PageOrder(order)
      let head = pfn.aligned(downTo: order)
      if let size = vmemmap.freeBlockOrder(at: head), size >= order {
        return FrameRange(start: head, pageCount: size.pageCount)
      }
    }
    return nil
  }

  /// Takes a range that ``isFree(_:in:)`` off the lists; parts of blocks outside it stay free.
  private func removeRange(_ range: FrameRange, from lists: ZoneFreeLists) {
    var pfn = range.lowerBound
    while pfn < range.upperBound {
      let number = topology.sections.number(of: pfn)
      let section = topology.sections.frames(of: number)
      if isFreeSection(number, in: lists) {
        if section.lowerBound >= range.lowerBound, section.upperBound <= range.upperBound {
          lists.freeSections[lists.bit(of: number)] = false
          count(section.pageCount, takenFrom: lists, type: .movable)
          pfn = section.upperBound
          continue
        }
        openSection(number, in: lists)
      }
      pfn = removeBlock(containing: pfn, within: range, from: lists)
    }
    let place = lists.zone.place
    vmemmap.with(range.lowerBound) {
      $0.reset(flags: place, counts: DescriptorCounts(references: 0))
    }
  }

  /// Takes the free block with `pfn` off its list and puts back what lies outside `range`.
  ///
  /// - Returns: the first frame behind what was taken.
  private func removeBlock(
    containing pfn: PageFrameNumber, within range: FrameRange, from lists: ZoneFreeLists
  ) -> PageFrameNumber {
    guard let block = freeBlock(containing: pfn) else {
      preconditionFailure("a range is taken only when all of it is free")
    }
    let type = topology.sections.migrateType(of: block.lowerBound)
    let isolated = topology.sections.isIsolated(block.lowerBound)
    removeFromList(block.lowerBound, PageOrder(holding: block.pageCount), lists)
    count(block.pageCount, takenFrom: lists, type: type, isolated: isolated)
    if block.lowerBound < range.lowerBound {
      insertRange(block.lowerBound..<range.lowerBound, in: lists)
    }
    if range.upperBound < block.upperBound {
      insertRange(range.upperBound..<block.upperBound, in: lists)
    }
    return min(block.upperBound, range.upperBound)
  }
}
