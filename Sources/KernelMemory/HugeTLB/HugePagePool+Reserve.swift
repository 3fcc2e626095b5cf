// SPDX-License-Identifier: Apache-2.0

/// Why pages could not be promised: the pool has too few, and no more may or can be made.
struct ReservationError: Error, Equatable {}

extension HugePagePool {
  /// Promises `count` free pages, made as surplus where the pool has too few.
  ///
  /// - Throws: ``ReservationError``; nothing is promised, and what was made is gone again.
  /// - Linux: `gather_surplus_pages()` (spec 06 section 8).
  func reserve(_ count: UInt) throws(ReservationError) {
    var gathered = FrameList()
    while let missing = hugeTLB.lock.withLock({ settleReservation(of: count, &gathered) }) {
      guard gather(missing, in: &gathered) else {
        freeExtras(&gathered)
        throw ReservationError()
      }
    }
    freeExtras(&gathered)
  }

  /// Takes back the promise of `count` pages; as many free surplus pages leave the pool.
  ///
  /// - Linux: `return_unused_surplus_pages()`.
  func unreserve(_ count: UInt) {
    var removed = FrameList()
    hugeTLB.lock.withLock {
      counts.reservedPageCount &-= count
      let limit = min(count, counts.surplusPageCount)
      while removed.count < limit, let head = removeFreeSurplusPage() {
        vmemmap.pushFront(head, on: &removed)
      }
    }
    release(&removed)
  }

  /// Makes the promise if free pages and the gathered ones suffice; of these it takes what it needs.
  ///
  /// - Returns: how many pages are still missing; nil if the promise was made.
  private func settleReservation(of count: UInt, _ gathered: inout FrameList) -> UInt? {
    let (wanted, overflow) = counts.reservedPageCount.addingReportingOverflow(count)
    guard !overflow else { return .max }
    let needed = wanted > counts.freePageCount ? wanted &- counts.freePageCount : 0
    guard needed <= gathered.count else { return needed &- gathered.count }
    counts.reservedPageCount = wanted
    for _ in 0..<needed {
      if let head = vmemmap.popFront(of: &gathered) { enqueue(head) }
    }
    return nil
  }

  /// Makes `count` surplus pages; false if that is more than may or can be made.
  private func gather(_ count: UInt, in list: inout FrameList) -> Bool {
    for _ in 0..<count {
      guard let head = allocateSurplusPage() else { return false }
      vmemmap.pushBack(head, on: &list)
    }
    return true
  }

  private func freeExtras(_ list: inout FrameList) {
    guard !list.isEmpty else { return }
    while let head = vmemmap.popFront(of: &list) { freePage(head) }
    releaseDeferredPages()
  }

  /// Removes a free page of the next node with surplus; the surplus goes down.
  private func removeFreeSurplusPage() -> PageFrameNumber? {
    guard
      let position = releaseRotation.firstTurn(
        in: hugeTLB.nodesWithMemory,
        where: { parts[$0].counts.surplusPageCount > 0 && !parts[$0].freeList.isEmpty }),
      let head = vmemmap.first(of: parts[position].freeList)
    else { return nil }
    remove(head, .lowered)
    return head
  }
}
