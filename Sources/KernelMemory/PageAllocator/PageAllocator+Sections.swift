// SPDX-License-Identifier: Apache-2.0

// Whole free sections: memory that nobody needed so far, or that came back whole. The caller of
// everything here holds the zone's lock.

extension PageAllocator {
  /// Cuts the lowest whole free section of a zone into blocks of the largest order.
  ///
  /// - Returns: false if the zone has none.
  /// - Linux: `deferred_grow_zone()`.
  func openFreeSection(in lists: ZoneFreeLists) -> Bool {
    guard let bit = lists.freeSections.first else { return false }
    openSection(SectionNumber(lists.firstSection.rawValue + UInt(bit)), in: lists)
    return true
  }

  /// Cuts the whole free section `number` into blocks.
  func openSection(_ number: SectionNumber, in lists: ZoneFreeLists) {
    lists.freeSections[lists.bit(of: number)] = false
    let frames = topology.sections.frames(of: number)
    let order = min(maximumOrder, topology.sections.order)
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      let type = topology.sections.migrateType(of: pfn)
      // The types of a whole free section's pageblocks merge: a block takes that of its first.
      if order > pageblockOrder { setMigrateType(type, of: pfn, order) }
      link(pfn, order, type: type, in: lists, end: .back)
      pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
    }
  }

  /// Whether section `number` is one of the zone's whole free ones.
  func isFreeSection(_ number: SectionNumber, in lists: ZoneFreeLists) -> Bool {
    lists.freeSections[lists.bit(of: number)]
  }

  /// Adds frames that are not in use to the zone's free memory: whole sections as such, the rest
  /// as the largest blocks that fit.
  ///
  /// The zone's free counts grow; descriptors of whole sections are not touched.
  func insertRange(_ frames: FrameRange, in lists: ZoneFreeLists, end: ListEnd = .front) {
    var pfn = frames.lowerBound
    let section = topology.sections.order
    while pfn < frames.upperBound {
      let left = frames.upperBound.rawValue &- pfn.rawValue
      if pfn.isAligned(to: section), left >= section.pageCount,
        isPlain(topology.sections.number(of: pfn))
      {
        lists.freeSections[lists.bit(of: topology.sections.number(of: pfn))] = true
        lists.contiguousSearch.noteFree(pfn)
        count(section.pageCount, addedTo: lists, type: .movable)
        pfn = PageFrameNumber(pfn.rawValue &+ section.pageCount)
      } else {
        let order = largestUniformBlock(at: pfn, pageCount: left)
        insertBlock(pfn, order, in: lists, end: end)
        pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
      }
    }
  }

  /// The largest block that can start at `pfn`, has at most `pageCount` pages, and whose pageblocks
  /// are all of one type: a block on a list has one.
  private func largestUniformBlock(at pfn: PageFrameNumber, pageCount: UInt) -> PageOrder {
    let order = largestBlock(at: pfn, pageCount: pageCount)
    return order <= pageblockOrder || isUniform(pfn, order) ? order : pageblockOrder
  }

  /// Whether all pageblocks of a block are of the same type, isolated or not.
  private func isUniform(_ pfn: PageFrameNumber, _ order: PageOrder) -> Bool {
    let sections = topology.sections
    let (type, isolated) = (sections.migrateType(of: pfn), sections.isIsolated(pfn))
    var block = pfn
    let end = PageFrameNumber(pfn.rawValue &+ order.pageCount)
    while block < end {
      if sections.migrateType(of: block) != type || sections.isIsolated(block) != isolated {
        return false
      }
      block = PageFrameNumber(block.rawValue &+ pageblockOrder.pageCount)
    }
    return true
  }

  /// Whether all pageblocks of a section have an ordinary type and none is isolated.
  private func isPlain(_ number: SectionNumber) -> Bool {
    var pfn = topology.sections.frames(of: number).lowerBound
    for _ in 0..<topology.sections.pageblocksPerSection {
      if topology.sections.isIsolated(pfn) || !topology.sections.migrateType(of: pfn).merges {
        return false
      }
      pfn = PageFrameNumber(pfn.rawValue &+ pageblockOrder.pageCount)
    }
    return true
  }

  /// The largest block that can start at `pfn` and has at most `pageCount` pages.
  @inline(__always)
  func largestBlock(at pfn: PageFrameNumber, pageCount: UInt) -> PageOrder {
    let alignment =
      pfn.rawValue == 0 ? Int(maximumOrder.rawValue) : pfn.rawValue.trailingZeroBitCount
    let fit = UInt.bitWidth &- 1 &- pageCount.leadingZeroBitCount
    return PageOrder(min(alignment, fit, maximumOrder.index))
  }
}
