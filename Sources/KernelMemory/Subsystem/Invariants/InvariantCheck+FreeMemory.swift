// SPDX-License-Identifier: Apache-2.0

import Synchronization

// The page allocator's free memory (spec 02): whole free sections, free blocks, CPUs' lists.

extension InvariantCheck {
  mutating func checkFreeMemory() {
    for zone in topology.zones where zone.isPopulated {
      var sums = FreeSums()
      let lists = allocator.freeLists[zone.index]
      checkFreeSections(of: lists, &sums)
      for order in 0...allocator.maximumOrder.index {
        for type in MigrateType.allCases {
          checkBlocks(of: lists, PageOrder(order), type, &sums)
        }
        checkIsolatedBlocks(of: lists, PageOrder(order))
      }
      expect(
        .buddy(2), .zone(zone.node, zone.kind), wanted: sums.free,
        found: lists.freePageCount.load(ordering: .relaxed),
        "free pages are those of the free blocks")
      expect(
        .buddy(2), .zone(zone.node, zone.kind), wanted: sums.contiguous,
        found: lists.freeContiguousPageCount.load(ordering: .relaxed),
        "free pages for contiguous memory are those of the free blocks")
      checkCPULists(of: zone)
    }
  }

  /// What the blocks of a zone add up to.
  ///
  /// - Unit: base pages.
  private struct FreeSums {
    var free: UInt = 0
    var contiguous: UInt = 0
  }

  private mutating func checkFreeSections(of lists: ZoneFreeLists, _ sums: inout FreeSums) {
    guard lists.freeSections.population > 0 else { return }
    for bit in 0..<lists.freeSections.bitCount where lists.freeSections[bit] {
      let number = SectionNumber(lists.firstSection.rawValue &+ UInt(bit))
      let frames = topology.sections.frames(of: number)
      owners.add(frames, .freeSection)
      sums.free &+= frames.pageCount
      let isWhole =
        topology.sections[number].marks.contains(.hasMap)
        && topology.zone(of: frames.lowerBound) === lists.zone
        && topology.zone(of: frames.upperBound.advanced(by: -1)) === lists.zone
      if !isWhole {
        report(.buddy(3), .section(number), "a whole free section is memory of one zone")
      }
    }
  }

  private mutating func checkBlocks(
    of lists: ZoneFreeLists, _ order: PageOrder, _ type: MigrateType, _ sums: inout FreeSums
  ) {
    let list = lists.withList(order, type) { $0 }
    sums.free &+= list.count &* order.pageCount
    if type == .cma { sums.contiguous &+= list.count &* order.pageCount }
    forEachMember(of: list) { check, pfn, image in
      check.checkBlock(at: pfn, order, image, in: lists)
      if check.topology.sections.migrateType(of: pfn) != type {
        check.report(.buddy(17), at: pfn, "a free block is on the list of its pageblock's type")
      }
    }
  }

  private mutating func checkIsolatedBlocks(of lists: ZoneFreeLists, _ order: PageOrder) {
    forEachMember(of: lists.withIsolatedList(order) { $0 }) { check, pfn, image in
      check.checkBlock(at: pfn, order, image, in: lists)
      if !check.topology.sections.isIsolated(pfn) {
        check.report(.buddy(13), at: pfn, "a block on an isolated list is isolated")
      }
    }
  }

  private mutating func checkBlock(
    at pfn: PageFrameNumber, _ order: PageOrder, _ image: DescriptorImage, in lists: ZoneFreeLists
  ) {
    guard pfn.isAligned(to: order) else {
      return report(.buddy(1), at: pfn, "a free block is naturally aligned")
    }
    let frames = FrameRange(start: pfn, pageCount: order.pageCount)
    owners.add(frames, .freeList)
    guard zone(of: pfn) === lists.zone else {
      return report(.physical(10), at: pfn, "a free block is memory of its list's zone")
    }
    let isMarked =
      image.counts == DescriptorCounts(type: .buddy) && image.privateWord == UInt64(order.rawValue)
    if !isMarked { report(.physical(5), at: pfn, "a free block's head says so, and its order") }
    if image.flags != lists.zone.place {
      report(.physical(10), at: pfn, "a free block's head names its zone and nothing else")
    }
    if hasMergeableBuddy(pfn, order, in: lists) {
      report(.buddy(1), at: pfn, "a free block and its free buddy are one block")
    }
    checkInterior(of: frames.lowerBound.advanced(by: 1)..<frames.upperBound)
  }

  /// Frames inside a free block have no marks that anybody could take for theirs.
  private mutating func checkInterior(of frames: FrameRange) {
    var bad: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      let isIdle = image.counts.references == 0 && image.counts.hasNoType && !image.isTail
      if !isIdle, bad == nil { bad = pfn }
    }
    if let bad { report(.physical(5), at: bad, "a frame inside a free block is nobody's") }
  }

  private func hasMergeableBuddy(
    _ pfn: PageFrameNumber, _ order: PageOrder, in lists: ZoneFreeLists
  ) -> Bool {
    guard order < allocator.maximumOrder else { return false }
    let buddy = pfn.buddy(at: order)
    guard zone(of: buddy) === lists.zone, let image = view.descriptor(of: buddy),
      image.counts == DescriptorCounts(type: .buddy),
      image.privateWord == UInt64(order.rawValue)
    else { return false }
    guard order >= allocator.pageblockOrder else { return true }
    let sections = topology.sections
    let (a, b) = (sections.migrateType(of: pfn), sections.migrateType(of: buddy))
    return sections.isIsolated(pfn) == sections.isIsolated(buddy)
      && (a == b || a.merges && b.merges)
  }

  private mutating func checkCPULists(of zone: Zone) {
    let lists = allocator.cpuLists[zone.index]
    var pages: UInt = 0
    lists.forEachList { list, order in
      pages &+= list.count &* order.pageCount
      forEachMember(of: list) { check, pfn, image in
        check.owners.add(FrameRange(start: pfn, pageCount: order.pageCount), .processor)
        guard check.zone(of: pfn) === zone else {
          return check.report(.physical(10), at: pfn, "a CPU keeps a zone's blocks by zone")
        }
        if image.counts != DescriptorCounts(references: 0) || image.flags != zone.place {
          check.report(.physical(5), at: pfn, "a block that a CPU keeps is nobody's")
        }
      }
    }
    expect(
      .recount, .zone(zone.node, zone.kind), wanted: pages, found: lists.pageCount,
      "pages that CPUs keep")
  }

  /// Calls `body` with each frame on a list and its descriptor, as long as the links are sound.
  mutating func forEachMember(
    of list: FrameList, _ body: (inout Self, PageFrameNumber, DescriptorImage) -> Void
  ) {
    var link = list.first
    var previous: UInt64 = 0
    var count: UInt = 0
    while link != 0, count < list.count {
      guard let pfn = view.frame(at: link, below: topology.end), zone(of: pfn) != nil,
        let image = view.descriptor(of: pfn)
      else {
        return report(
          .soundList, .address(VirtualAddress(UInt(link))), "a link leads to a descriptor")
      }
      if image.previous != previous {
        report(
          .soundList, .frame(pfn), wanted: UInt(previous), found: UInt(image.previous),
          "the link back leads to where one came from")
      }
      body(&self, pfn, image)
      (previous, link) = (link, image.link)
      count &+= 1
    }
    if link != 0 || count != list.count || list.last != previous {
      report(
        .soundList, .address(VirtualAddress(UInt(previous))), wanted: list.count, found: count,
        "a list ends with its last member and is as long as it says")
    }
  }
}

extension DescriptorCounts {
  /// Whether no page type is noted: the half word is the map count of a page that is not mapped, or
  /// was never written.
  var hasNoType: Bool { isBlank || UInt32(truncatingIfNeeded: rawValue) == 0xffff_ffff }
}
