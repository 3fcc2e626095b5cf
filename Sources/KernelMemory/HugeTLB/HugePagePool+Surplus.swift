// SPDX-License-Identifier: Apache-2.0

/// Why the limit for surplus pages was not set.
enum OvercommitError: Error, Equatable {
  /// This kernel makes no surplus of gigantic pages.
  case giganticPages
}

extension HugePagePool {
  /// Says how many pages may be made on demand beyond those that were asked for.
  ///
  /// - Throws: ``OvercommitError/giganticPages``; the limit is as before.
  func setOvercommitLimit(_ limit: UInt) throws(OvercommitError) {
    guard !isGigantic || hugeTLB.policy.allowsGiganticOvercommit else { throw .giganticPages }
    hugeTLB.lock.withLock { overcommitLimit = limit }
  }

  /// Makes a page beyond those that were asked for: counted, without reference, on no list.
  ///
  /// The limit holds before the allocation and after it: many may ask at once. A page that is one
  /// too many is a loan that ends at once.
  ///
  /// - Returns: nil if the limit is reached or memory is short.
  /// - Linux: `alloc_surplus_hugetlb_folio()` (spec 06 section 8).
  func allocateSurplusPage() -> PageFrameNumber? {
    guard !isGigantic || hugeTLB.policy.allowsGiganticSurplus,
      hugeTLB.lock.withLock({ counts.surplusPageCount < overcommitLimit }),
      let head = allocateBarePage(on: topology.nodes[hugeTLB.localNode].id, [])
    else { return nil }
    optimizeNewPage(head)
    if hugeTLB.lock.withLock({ accountSurplus(head) }) { return head }
    freePage(head)
    releaseDeferredPages()
    return nil
  }

  /// Counts a new page as surplus, or as a loan if there is surplus enough.
  private func accountSurplus(_ head: PageFrameNumber) -> Bool {
    account(head)
    guard counts.surplusPageCount < overcommitLimit else {
      vmemmap.insertHugePageMarks(.temporary, at: head)
      return false
    }
    counts.surplusPageCount &+= 1
    parts[nodePosition(of: head)].counts.surplusPageCount &+= 1
    return true
  }
}
