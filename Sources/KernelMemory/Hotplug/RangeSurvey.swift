// SPDX-License-Identifier: Apache-2.0

/// What is in memory that should become free.
struct RangeSurvey {
  /// A huge page in use.
  struct UsedPage {
    let pool: HugePagePool
    let head: PageFrameNumber
  }

  /// Huge pages in use.
  var pages: [UsedPage] = []
  /// Single frames in use that can be moved.
  var frames: [PageFrameNumber] = []
  /// The first frame that can neither be moved nor freed.
  var unmovable: PageFrameNumber?
}

extension MemoryHotplug {
  /// Looks at everything in isolated memory, up to the first frame that must stay.
  ///
  /// - Linux: `has_unmovable_pages()`, `scan_movable_pages()`.
  func survey(_ isolated: IsolatedMemory) -> RangeSurvey {
    var found = RangeSurvey()
    let sections = topology.sections
    var pfn = isolated.frames.lowerBound
    while pfn < isolated.frames.upperBound, found.unmovable == nil {
      let number = sections.number(of: pfn)
      let end = min(sections.frames(of: number).upperBound, isolated.frames.upperBound)
      if !isolated.freeSections.contains(number) { survey(pfn..<end, &found) }
      pfn = end
    }
    return found
  }

  private func survey(_ frames: FrameRange, _ found: inout RangeSurvey) {
    var pfn = frames.lowerBound
    while pfn < frames.upperBound, found.unmovable == nil {
      if let order = vmemmap.freeBlockOrder(at: pfn) {
        pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
      } else if let end = surveyHugePage(at: pfn, &found) {
        pfn = end
      } else {
        surveyFrame(pfn, &found)
        pfn = pfn.advanced(by: 1)
      }
    }
  }

  /// Looks at the huge page that `pfn` belongs to, and returns its end; nil if it belongs to none.
  private func surveyHugePage(
    at pfn: PageFrameNumber, _ found: inout RangeSurvey
  ) -> PageFrameNumber? {
    let head = vmemmap.head(of: pfn)
    guard vmemmap.isHugeTLB(head), let order = vmemmap.folioOrder(at: head),
      let pool = hugeTLB.pool(for: order)
    else { return nil }
    if vmemmap.references(to: head) > 0 {
      found.pages.append(RangeSurvey.UsedPage(pool: pool, head: head))
    }
    return Folio(head: head, order: order).frames.upperBound
  }

  /// Looks at a frame that is neither free nor part of a huge page.
  ///
  /// One without references is on its way from or to somebody, unless nobody ever had it.
  private func surveyFrame(_ pfn: PageFrameNumber, _ found: inout RangeSurvey) {
    if allocator.movable.canMove(pfn) {
      found.frames.append(pfn)
    } else if !allocator.isBad(pfn),
      vmemmap.isBlank(pfn) || vmemmap.references(to: pfn) > 0
    {
      found.unmovable = pfn
    }
  }
}
