// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Free blocks of one zone: putting them on lists, merging and splitting. The caller of everything
// here holds the zone's lock.

extension PageAllocator {
  /// Where on its list a freed block goes.
  enum ListEnd { case front, back }

  /// Puts a block that is not in use on the free lists, merged with its free buddies.
  ///
  /// - Linux: `__free_one_page()` (spec 02 section 2.1).
  @inline(__always)
  func insertBlock(
    _ pfn: PageFrameNumber, _ order: PageOrder, in lists: ZoneFreeLists, end: ListEnd = .front
  ) {
    let type = topology.sections.migrateType(of: pfn)
    let isolated = topology.sections.isIsolated(pfn)
    lists.contiguousSearch.noteFree(pfn)
    var start = pfn
    var size = order
    while size < maximumOrder, let buddy = mergeableBuddy(of: start, size, type, isolated, lists) {
      removeFromList(buddy, size, lists)
      if size >= pageblockOrder { setMigrateType(type, of: buddy, size) }
      start = min(start, buddy)
      size = size.next
    }
    link(start, size, type: topology.sections.migrateType(of: start), in: lists, end: end)
    count(order.pageCount, addedTo: lists, type: type, isolated: isolated)
  }

  /// The other half of a free block, if it is free, whole and of a type that merges.
  @inline(__always)
  private func mergeableBuddy(
    of pfn: PageFrameNumber, _ order: PageOrder, _ type: MigrateType, _ isolated: Bool,
    _ lists: ZoneFreeLists
  ) -> PageFrameNumber? {
    let buddy = pfn.buddy(at: order)
    guard belongs(buddy, to: lists.zone), vmemmap.freeBlockOrder(at: buddy) == order else {
      return nil
    }
    guard order >= pageblockOrder else { return buddy }
    return mergesAcrossPageblocks(buddy, type: type, isolated: isolated) ? buddy : nil
  }

  /// Whether a free block of `type` may merge with `buddy` in another pageblock; if the types
  /// differ, the buddy's becomes `type`.
  private func mergesAcrossPageblocks(
    _ buddy: PageFrameNumber, type: MigrateType, isolated: Bool
  ) -> Bool {
    guard topology.sections.isIsolated(buddy) == isolated else { return false }
    let other = topology.sections.migrateType(of: buddy)
    return other == type || (type.merges && other.merges)
  }

  /// Whether `pfn` has a descriptor and is memory of `zone`.
  @inline(__always)
  private func belongs(_ pfn: PageFrameNumber, to zone: Zone) -> Bool {
    let section = topology.sections[topology.sections.number(of: pfn)]
    guard section.marks.contains(.hasMap) else { return false }
    guard let index = section.zoneIndex else { return topology.zone(of: pfn) === zone }
    return Int(index) == zone.index
  }

  /// Gives all pageblocks of a block the same type.
  func setMigrateType(_ type: MigrateType, of pfn: PageFrameNumber, _ order: PageOrder) {
    var block = pfn
    let end = PageFrameNumber(pfn.rawValue &+ order.pageCount)
    while block < end {
      topology.sections.setMigrateType(type, of: block)
      block = PageFrameNumber(block.rawValue &+ pageblockOrder.pageCount)
    }
  }

  /// Marks `pfn` as the head of a free block of `order` and links it.
  @inline(__always)
  func link(
    _ pfn: PageFrameNumber, _ order: PageOrder, type: MigrateType, in lists: ZoneFreeLists,
    end: ListEnd = .front
  ) {
    let place = lists.zone.place
    vmemmap.with(pfn) { words in
      words.reset(flags: place, counts: DescriptorCounts(type: .buddy))
      words.privateWord = UInt64(order.rawValue)
    }
    let vmemmap = vmemmap
    let add: (inout FrameList) -> Void = { list in
      if end == .front {
        vmemmap.pushFront(pfn, on: &list)
      } else {
        vmemmap.pushBack(pfn, on: &list)
      }
    }
    if topology.sections.isIsolated(pfn) {
      lists.withIsolatedList(order, add)
    } else {
      lists.withList(order, type, add)
    }
  }

  /// Takes the free block at `pfn` off its list and unmarks it; its pages are no longer counted
  /// by any list, but still by the zone.
  @inline(__always)
  func removeFromList(_ pfn: PageFrameNumber, _ order: PageOrder, _ lists: ZoneFreeLists) {
    let vmemmap = vmemmap
    if topology.sections.isIsolated(pfn) {
      lists.withIsolatedList(order) { vmemmap.remove(pfn, from: &$0) }
    } else {
      lists.withList(order, topology.sections.migrateType(of: pfn)) {
        vmemmap.remove(pfn, from: &$0)
      }
    }
    let place = lists.zone.place
    vmemmap.with(pfn) { $0.reset(flags: place, counts: DescriptorCounts(references: 0)) }
  }

  /// Cuts the block at `pfn`, off its list, down to `order`; the upper halves become free blocks.
  ///
  /// - Linux: `expand()` (spec 02 section 2.2).
  @inline(__always)
  func split(
    _ pfn: PageFrameNumber, from order: PageOrder, to wanted: PageOrder, type: MigrateType,
    in lists: ZoneFreeLists
  ) {
    var size = order
    while size > wanted {
      size = PageOrder(size.index &- 1)
      link(PageFrameNumber(pfn.rawValue &+ size.pageCount), size, type: type, in: lists)
    }
  }

  /// Adjusts the zone's free counts.
  @inline(__always)
  func count(
    _ pages: UInt, addedTo lists: ZoneFreeLists, type: MigrateType, isolated: Bool = false
  ) {
    guard !isolated else { return }
    lists.freePageCount.wrappingAdd(pages, ordering: .relaxed)
    if type == .cma { lists.freeContiguousPageCount.wrappingAdd(pages, ordering: .relaxed) }
  }

  /// Adjusts the zone's free counts.
  @inline(__always)
  func count(
    _ pages: UInt, takenFrom lists: ZoneFreeLists, type: MigrateType, isolated: Bool = false
  ) {
    guard !isolated else { return }
    lists.freePageCount.wrappingSubtract(pages, ordering: .relaxed)
    if type == .cma { lists.freeContiguousPageCount.wrappingSubtract(pages, ordering: .relaxed) }
  }
}

extension MigrateType {
  /// Whether blocks of this type merge with blocks of another such type.
  var merges: Bool { self == .unmovable || self == .movable || self == .reclaimable }

  /// The types that serve a request when its own has no block left, in order (spec 02 section 3).
  var fallbacks: [MigrateType] {
    switch self {
    case .unmovable: [.reclaimable, .movable]
    case .movable: [.reclaimable, .unmovable]
    case .reclaimable: [.unmovable, .movable]
    case .highAtomic, .cma: []
    }
  }
}
