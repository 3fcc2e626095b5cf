// SPDX-License-Identifier: Apache-2.0

/// On what ground somebody asks a pool for a page.
enum PageClaim {
  /// A page was promised: one of the reserved ones is theirs.
  case reserved
  /// Nothing was promised: reserved pages are not for them.
  case unreserved
}

extension HugePagePool {
  /// Gives out a page with one reference: a free one of the pool, near first, or else a new surplus
  /// one.
  ///
  /// The reservation that the page uses up comes back if it is freed before ``commit(_:)``.
  ///
  /// - Returns: nil if there is none for such a claim.
  /// - Linux: `alloc_hugetlb_folio()` (spec 06 section 8).
  func allocatePage(_ claim: PageClaim) -> PageFrameNumber? {
    if let head = hugeTLB.lock.withLock({ takeFreePage(claim) }) { return head }
    guard let head = allocateSurplusPage() else { return nil }
    hugeTLB.lock.withLock {
      useReservation(for: head, claim)
      activate(head)
    }
    return head
  }

  /// Says that the page at `head` has come to stay with whoever it was allocated for.
  func commit(_ head: PageFrameNumber) {
    hugeTLB.lock.withLock {
      vmemmap.removeHugePageMarks(.restoresReserve, at: head)
      vmemmap.insertHugePageMarks(.migratable, at: head)
    }
  }

  /// Drops a reference to the page at `head`; with the last one it is free.
  func dropReference(to head: PageFrameNumber) {
    if vmemmap.dropReference(head) == 0 { freePage(head) }
  }

  /// Takes back a page whose last reference was dropped.
  ///
  /// If its node has surplus, or if the page was only a loan, it leaves the pool; folded pages do so
  /// with the next ``releaseDeferredPages()``.
  ///
  /// - Linux: `free_huge_folio()` (spec 06 section 5).
  func freePage(_ head: PageFrameNumber) {
    let leavesNow = hugeTLB.lock.withLock {
      if vmemmap.hasHugePageMarks(.restoresReserve, at: head) { counts.reservedPageCount &+= 1 }
      vmemmap.removeHugePageMarks([.restoresReserve, .migratable], at: head)
      guard removeIfDispensable(head) else {
        deactivate(head)
        enqueue(head)
        return false
      }
      guard optimizer.isOptimized(folio(head)) else { return true }
      deferRelease(head)
      return false
    }
    if leavesNow { releasePage(head) }
  }

  private func removeIfDispensable(_ head: PageFrameNumber) -> Bool {
    if vmemmap.hasHugePageMarks(.temporary, at: head) {
      remove(head, .none)
    } else if parts[nodePosition(of: head)].counts.surplusPageCount > 0 {
      remove(head, .lowered)
    } else {
      return false
    }
    return true
  }
}

// Finding a free page. The caller holds ``HugeTLB/lock``.

extension HugePagePool {
  /// Takes the first usable free page, of the nearest node that has one, for use.
  private func takeFreePage(_ claim: PageClaim) -> PageFrameNumber? {
    if claim == .unreserved, counts.availablePageCount == 0 { return nil }
    guard let head = firstUsablePage() else { return nil }
    dequeue(head)
    useReservation(for: head, claim)
    activate(head)
    return head
  }

  /// The first usable free page, by the order in which requests of the local node try zones.
  private func firstUsablePage() -> PageFrameNumber? {
    var last: Int?
    for index in allocator.zoneOrders[hugeTLB.localNode] {
      let zone = topology.zones[index]
      guard zone.kind <= allocationOptions.highestZone,
        let position = topology.position(of: zone.node), position != last
      else { continue }
      last = position
      if let head = firstUsablePage(on: position) { return head }
    }
    return nil
  }

  func firstUsablePage(on position: Int) -> PageFrameNumber? {
    var found: PageFrameNumber?
    vmemmap.forEach(in: parts[position].freeList) { head in
      if isUsable(head) { found = head }
      return found == nil
    }
    return found
  }

  private func isUsable(_ head: PageFrameNumber) -> Bool {
    !vmemmap.has(vmemmap.format.hwpoison, at: head) && !topology.sections.isIsolated(head)
  }

  private func useReservation(for head: PageFrameNumber, _ claim: PageClaim) {
    guard claim == .reserved else { return }
    vmemmap.insertHugePageMarks(.restoresReserve, at: head)
    counts.reservedPageCount &-= 1
  }

  /// Puts a page that is on no list on that of pages in use, with one reference.
  func activate(_ head: PageFrameNumber) {
    vmemmap.pushFront(head, on: &activeList)
    vmemmap.with(head) { $0.counts = $0.counts.with(references: 1) }
  }
}
