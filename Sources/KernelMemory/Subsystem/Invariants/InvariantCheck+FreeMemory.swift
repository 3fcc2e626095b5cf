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
        .freePages, .zone(zone.node, zone.kind), wanted: sums.free,
        found: lists.freePageCount.load(ordering: .relaxed))
      expect(
        .freeContiguousPages, .zone(zone.node, zone.kind), wanted: sums.contiguous,
        found: lists.freeContiguousPageCount.load(ordering: .relaxed))
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
    var unseen = Self.seenSectionCount
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
        report(.wholeFreeSection, .section(number))
      } else if unseen > 0 {
        checkInterior(of: frames)
        unseen -= 1
      }
    }
  }

  /// Of how many of a zone's whole free sections descriptors are looked at: all of a gigabyte, or
  /// the first.
  private static var seenSectionCount: Int { 8 }

  private mutating func checkBlocks(
    of lists: ZoneFreeLists, _ order: PageOrder, _ type: MigrateType, _ sums: inout FreeSums
  ) {
    let list = lists.withList(order, type) { $0 }
    sums.free &+= list.count &* order.pageCount
    if type == .cma { sums.contiguous &+= list.count &* order.pageCount }
    forEachMember(of: list) { check, pfn, image in
      check.checkBlock(at: pfn, order, image, in: lists)
      if check.topology.sections.migrateType(of: pfn) != type {
        check.report(.pageblockType, at: pfn)
      }
    }
  }

  private mutating func checkIsolatedBlocks(of lists: ZoneFreeLists, _ order: PageOrder) {
    forEachMember(of: lists.withIsolatedList(order) { $0 }) { check, pfn, image in
      check.checkBlock(at: pfn, order, image, in: lists)
      if !check.topology.sections.isIsolated(pfn) {
        check.report(.isolatedBlock, at: pfn)
      }
    }
  }

  private mutating func checkBlock(
    at pfn: PageFrameNumber, _ order: PageOrder, _ image: DescriptorImage, in lists: ZoneFreeLists
  ) {
    guard pfn.isAligned(to: order) else {
      return report(.alignedBlock, at: pfn)
    }
    let frames = FrameRange(start: pfn, pageCount: order.pageCount)
    owners.add(frames, .freeList)
    guard zone(of: pfn) === lists.zone else {
      return report(.freeBlockZone, at: pfn)
    }
    let isMarked =
      image.counts == DescriptorCounts(type: .buddy) && image.privateWord == UInt64(order.rawValue)
    if !isMarked { report(.freeHead, at: pfn) }
    if image.mapping | image.index | image.owner != 0 { report(.descriptorWords, at: pfn) }
    if image.flags != lists.zone.place {
      report(.freeHeadZone, at: pfn)
    }
    if hasMergeableBuddy(pfn, order, in: lists) {
      report(.mergedBuddies, at: pfn)
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
    if let bad { report(.freeInterior, at: bad) }
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
          return check.report(.cpuBlockZone, at: pfn)
        }
        let isKept =
          image.counts == DescriptorCounts(references: 0) && image.flags == zone.place
          && image.privateWord == DescriptorWords.keptMark
        if !isKept { check.report(.cpuBlock, at: pfn) }
        let end = PageFrameNumber(pfn.rawValue &+ order.pageCount)
        check.checkInterior(of: pfn.advanced(by: 1)..<end)
      }
    }
    expect(
      .cpuPages, .zone(zone.node, zone.kind), wanted: pages, found: lists.pageCount)
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
          .soundLink, .address(VirtualAddress(UInt(link))))
      }
      if image.previous != previous {
        report(
          .linkBack, .frame(pfn), wanted: UInt(previous), found: UInt(image.previous))
      }
      body(&self, pfn, image)
      (previous, link) = (link, image.link)
      count &+= 1
    }
    let end = InvariantViolation.Subject.address(VirtualAddress(UInt(previous)))
    if count != list.count || link != 0 {
      // A list that goes on has one more at least.
      report(.listEnd, end, wanted: list.count, found: link == 0 ? count : count &+ 1)
    } else if list.last != previous {
      report(.linkBack, end, wanted: UInt(previous), found: UInt(list.last))
    }
  }
}

extension DescriptorCounts {
  /// Whether no page type is noted: the half word is the map count of a page that is not mapped, or
  /// was never written.
  var hasNoType: Bool { isBlank || UInt32(truncatingIfNeeded: rawValue) == 0xffff_ffff }
}
