// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension HugePagePool {
  /// Gives removed pages back to the page allocator.
  ///
  /// Descriptors are unfolded in lists. When frames for that run out, pages that are whole already
  /// are given back first, which may free enough for the rest; what cannot be unfolded after all
  /// returns to the pool as surplus.
  ///
  /// - Linux: `update_and_free_pages_bulk()` (spec 06 section 6).
  func release(_ list: inout FrameList) {
    guard hugeTLB.policy.handlesLists else { return releaseOneByOne(&list) }
    while true {
      var whole = FrameList()
      let outcome = optimizer.restore(
        &list, order: order, output: &whole, .blank,
        keeping: HugePageMarks.poisonUnreliable.rawValue)
      let hasProgress = !whole.isEmpty
      giveBack(&whole)
      if !outcome.isIncomplete { return }
      if !hasProgress { releaseFirstPossible(&list) }
    }
  }

  /// Goes through `list` until one page could be given back; those before it become surplus.
  private func releaseFirstPossible(_ list: inout FrameList) {
    while let head = vmemmap.popFront(of: &list) {
      if releasePage(head) { return }
    }
  }

  private func releaseOneByOne(_ list: inout FrameList) {
    while let head = vmemmap.popFront(of: &list) { releasePage(head) }
  }

  /// Gives one removed page back to the page allocator.
  ///
  /// - Returns: false if its descriptors could not be unfolded: it is in the pool again, as free
  ///   and surplus.
  /// - Linux: `__update_and_free_hugetlb_folio()`.
  @discardableResult
  func releasePage(_ head: PageFrameNumber) -> Bool {
    guard (try? unfoldForRelease(head)) != nil else {
      hugeTLB.lock.withLock { addBack(head, asSurplus: true) }
      return false
    }
    giveBack(head)
    return true
  }

  /// Unfolds the descriptors of one removed page that is given back next.
  ///
  /// - Throws: ``VmemmapRestoreError``; nothing changed.
  func unfoldForRelease(_ head: PageFrameNumber) throws(VmemmapRestoreError) {
    let isLost = vmemmap.hasHugePageMarks(.poisonUnreliable, at: head)
    try optimizer.restore(folio(head), isLost ? .whole : .blank)
  }

  /// Gives pages back to where they came from.
  private func giveBack(_ list: inout FrameList) {
    while let head = vmemmap.popFront(of: &list) { giveBack(head) }
  }

  /// Gives a page back to where it came from.
  ///
  /// - Precondition: it was unfolded for that.
  func giveBack(_ head: PageFrameNumber) {
    if abandon(head) { return }
    let isArea = vmemmap.hasHugePageMarks(.contiguousArea, at: head)
    let bad = hugeTLB.takePoisonRecords(in: folio(head))
    vmemmap.blankHeadPage(of: folio(head))
    if bad.isEmpty, !isArea {
      freeWhole(folio(head))
    } else {
      free(folio(head), sparing: bad, toArea: isArea)
    }
  }

  /// Frees the frames of a page, but for those that are bad.
  private func free(_ folio: Folio, sparing bad: [PageFrameNumber], toArea isArea: Bool) {
    var start = folio.head
    for pfn in bad {
      free(start..<pfn, toArea: isArea)
      hugeTLB.keepPoisonedFrame(pfn)
      start = pfn.advanced(by: 1)
    }
    free(start..<folio.frames.upperBound, toArea: isArea)
  }

  private func free(_ frames: FrameRange, toArea isArea: Bool) {
    guard !frames.isEmpty else { return }
    if isArea { hugeTLB.returnToContiguousArea(frames) } else { allocator.freeRun(frames) }
  }

  private func freeWhole(_ folio: Folio) {
    guard !isGigantic else { return allocator.freeRun(folio.frames) }
    allocator.freeBlock(folio.head, order)
  }

  /// Leaves a page to itself if nobody knows which of its frames are bad: it is lost on purpose.
  private func abandon(_ head: PageFrameNumber) -> Bool {
    guard vmemmap.hasHugePageMarks(.poisonUnreliable, at: head) else { return false }
    vmemmap.unmarkHugeTLB(head)
    hugeTLB.abandonedPageCount.wrappingAdd(order.pageCount, ordering: .relaxed)
    return true
  }
}
