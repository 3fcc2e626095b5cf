// SPDX-License-Identifier: Apache-2.0

/// Why a huge page did not become ordinary memory.
enum DissolveError: Error, Equatable {
  /// The page is in use, or all free pages are promised.
  case busy
  /// Its descriptors could not be unfolded, or there is no page to take its place.
  case outOfMemory
}

extension HugePagePool {
  /// Makes the free page at `head` ordinary free memory; anything else than a page of this pool is
  /// left alone.
  ///
  /// - Throws: ``DissolveError``; every count is as before.
  /// - Linux: `dissolve_free_hugetlb_folio()` (spec 06 section 10).
  func dissolveFreePage(_ head: PageFrameNumber) throws(DissolveError) {
    while true {
      let attempt = try hugeTLB.lock.withLock { () throws(DissolveError) in
        try removeForDissolving(head)
      }
      switch attempt {
      case .notOurs: return
      case .inTransition: hugeTLB.settleTransition()
      case .removed(let adjustment): return try finishDissolving(head, adjustment)
      }
    }
  }

  private enum DissolveAttempt {
    case notOurs
    /// The page is on its way into or out of the pool.
    case inTransition
    case removed(SurplusAdjustment)
  }

  private func removeForDissolving(
    _ head: PageFrameNumber
  ) throws(DissolveError) -> DissolveAttempt {
    guard isPage(head) else { return .notOurs }
    guard vmemmap.references(to: head) == 0 else { throw .busy }
    guard vmemmap.hasHugePageMarks(.freed, at: head) else { return .inTransition }
    guard counts.availablePageCount > 0 else { throw .busy }
    let adjustment = adjustmentForDissolving(head)
    remove(head, adjustment)
    if adjustment == .none, target > 0 { target &-= 1 }
    return .removed(adjustment)
  }

  /// Whether a page of this pool starts at `head`.
  private func isPage(_ head: PageFrameNumber) -> Bool {
    vmemmap.isHugeTLB(head) && vmemmap.folioOrder(at: head) == order
  }

  /// Whether the surplus goes down with the page at `head`.
  ///
  /// Older kernels never lower it, but a node must not be left with more surplus than pages.
  private func adjustmentForDissolving(_ head: PageFrameNumber) -> SurplusAdjustment {
    let part = parts[nodePosition(of: head)].counts
    let isForced = part.surplusPageCount == part.pageCount
    let isWanted = hugeTLB.policy.dissolveAdjustsSurplus && part.surplusPageCount > 0
    return isForced || isWanted ? .lowered : .none
  }

  private func finishDissolving(
    _ head: PageFrameNumber, _ adjustment: SurplusAdjustment
  ) throws(DissolveError) {
    guard (try? unfoldForRelease(head)) != nil else {
      hugeTLB.lock.withLock {
        addBack(head, asSurplus: adjustment == .lowered)
        if adjustment == .none { target &+= 1 }
      }
      throw .outOfMemory
    }
    giveBack(head)
  }
}

extension HugePagePool {
  /// Puts a new page in the place of the free page at `head`, which becomes ordinary free memory.
  ///
  /// The new page is on the same node; the pool's counts stay the same.
  ///
  /// - Throws: ``DissolveError``; the page is still in the pool.
  /// - Linux: `alloc_and_dissolve_hugetlb_folio()`.
  func replaceFreePage(_ head: PageFrameNumber) throws(DissolveError) {
    var fresh: PageFrameNumber?
    while true {
      switch hugeTLB.lock.withLock({ exchange(head, for: fresh) }) {
      case .isMissingReplacement: fresh = try allocateReplacement(for: head)
      case .exchanged: return _ = releasePage(head)
      case .notOurs:
        if let fresh { releasePage(fresh) }
        return
      case .busy:
        if let fresh { releasePage(fresh) }
        throw .busy
      case .inTransition: hugeTLB.settleTransition()
      }
    }
  }

  private func allocateReplacement(
    for head: PageFrameNumber
  ) throws(DissolveError) -> PageFrameNumber {
    let node = topology.nodes[nodePosition(of: head)].id
    // Gigantic pages come from the very allocation that wants a page out of its way.
    guard !isGigantic, let fresh = allocateBarePage(on: node, [.thisNode]) else {
      throw .outOfMemory
    }
    optimizeNewPage(fresh)
    return fresh
  }

  private enum Exchange { case exchanged, isMissingReplacement, notOurs, busy, inTransition }

  private func exchange(_ head: PageFrameNumber, for fresh: PageFrameNumber?) -> Exchange {
    // The page may have gone meanwhile, and its very frames may be the replacement.
    guard isPage(head), head != fresh else { return .notOurs }
    guard vmemmap.references(to: head) == 0 else { return .busy }
    guard vmemmap.hasHugePageMarks(.freed, at: head) else { return .inTransition }
    guard let fresh else { return .isMissingReplacement }
    remove(head, .none)
    addFree(fresh)
    return .exchanged
  }
}

extension HugeTLB {
  /// Makes the free huge page that `pfn` belongs to, if it belongs to one, ordinary free memory.
  ///
  /// - Throws: ``DissolveError``; every count is as before.
  func dissolveFreePage(containing pfn: PageFrameNumber) throws(DissolveError) {
    guard hasDescriptor(pfn) else { return }
    let head = vmemmap.head(of: pfn)
    guard vmemmap.isHugeTLB(head), let pool = pool(ofPageAt: head) else { return }
    try pool.dissolveFreePage(head)
  }

  /// Makes every huge page that has a part in `frames` ordinary free memory.
  ///
  /// - Throws: ``DissolveError``, for the first page that must stay; those before it are gone.
  /// - Linux: `dissolve_free_hugetlb_folios()`.
  func dissolveFreePages(in frames: FrameRange) throws(DissolveError) {
    guard let smallest = pools.first?.order else { return }
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      try dissolveFreePage(containing: pfn)
      pfn = PageFrameNumber(pfn.aligned(downTo: smallest).rawValue &+ smallest.pageCount)
    }
  }
}
