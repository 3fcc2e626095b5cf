// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What became of a huge page in which a frame went bad.
enum PoisonOutcome: Equatable {
  /// It was free: it left its pool, and all but its bad frames are ordinary memory.
  case dissolved
  /// It was free but had to stay in its pool, or is lost with all its frames; nobody gets it.
  case kept
  /// Somebody uses it, and goes on to.
  case inUse
}

/// Why a frame was not marked as bad.
enum PoisonError: Error, Equatable {
  /// The frame belongs to no huge page.
  case notHugePage
  /// The frame is marked already.
  case alreadyPoisoned
}

/// Why the mark was not taken off again.
enum UnpoisonError: Error, Equatable {
  /// The frame's page is not marked.
  case notPoisoned
  /// Which frames of the page are bad is not on record.
  case busy
}

extension HugeTLB {
  /// Marks `pfn`, a frame of a huge page, as bad memory, and takes it out of use if it can.
  ///
  /// - Throws: ``PoisonError``; nothing changed.
  /// - Linux: `try_memory_failure_hugetlb()` (spec 06 section 11).
  @discardableResult
  func poison(_ pfn: PageFrameNumber) throws(PoisonError) -> PoisonOutcome {
    guard hasDescriptor(pfn) else { throw .notHugePage }
    guard !isPoisonRecorded(pfn) else { throw .alreadyPoisoned }
    // The record costs an allocation, which is not for under the lock.
    let isRecordable = !vmemmap.machine.failures.takesAllocation(of: .page)
    while true {
      let attempt = try lock.withLock { () throws(PoisonError) in
        try markPoisoned(pfn, recordable: isRecordable)
      }
      switch attempt {
      case .inTransition: settleTransition()
      case .inUse: return .inUse
      case .free(let pool, let head): return dissolvePoisoned(head, of: pool)
      }
    }
  }

  private enum PoisonAttempt {
    /// The page is on its way into or out of a pool.
    case inTransition
    case inUse
    case free(HugePagePool, PageFrameNumber)
  }

  private func isPoisonRecorded(_ pfn: PageFrameNumber) -> Bool {
    lock.withLock { poisonRecords.contains(pfn) }
  }

  private func markPoisoned(
    _ pfn: PageFrameNumber, recordable: Bool
  ) throws(PoisonError) -> PoisonAttempt {
    let head = vmemmap.head(of: pfn)
    guard vmemmap.isHugeTLB(head), let pool = pool(ofPageAt: head) else {
      throw vmemmap.has(vmemmap.format.hwpoison, at: head) ? .alreadyPoisoned : .notHugePage
    }
    let isFree = vmemmap.hasHugePageMarks(.freed, at: head)
    guard isFree || vmemmap.references(to: head) > 0 else { return .inTransition }
    guard !poisonRecords.contains(pfn), !vmemmap.hasHugePageMarks(.poisonUnreliable, at: head)
    else { throw .alreadyPoisoned }
    vmemmap.set(vmemmap.format.hwpoison, at: head)
    record(pfn, in: pool.folio(head), recordable: recordable)
    return isFree ? .free(pool, head) : .inUse
  }

  /// Notes that `pfn` is bad, or that what is noted about its page is not all.
  private func record(_ pfn: PageFrameNumber, in folio: Folio, recordable: Bool) {
    guard !recordable else { return poisonRecords.append(pfn) }
    hasLostPoisonRecords.store(true, ordering: .relaxed)
    vmemmap.insertHugePageMarks(.poisonUnreliable, at: folio.head)
    _ = removePoisonRecords(in: folio)
  }

  private func dissolvePoisoned(
    _ head: PageFrameNumber, of pool: HugePagePool
  ) -> PoisonOutcome {
    let isLost = vmemmap.hasHugePageMarks(.poisonUnreliable, at: head)
    guard (try? pool.dissolveFreePage(head)) != nil else { return .kept }
    return isLost ? .kept : .dissolved
  }

  /// Takes the mark off the page that `pfn` belongs to, or off the kept frame `pfn`, which becomes
  /// ordinary memory again.
  ///
  /// - Throws: ``UnpoisonError``; nothing changed.
  /// - Linux: `unpoison_memory()`.
  func unpoison(_ pfn: PageFrameNumber) throws(UnpoisonError) {
    guard hasDescriptor(pfn) else { throw .notPoisoned }
    let isKeptFrame = try lock.withLock { () throws(UnpoisonError) in
      let head = vmemmap.head(of: pfn)
      guard vmemmap.has(vmemmap.format.hwpoison, at: head) else { throw .notPoisoned }
      guard vmemmap.isHugeTLB(head), let pool = pool(ofPageAt: head) else {
        vmemmap.clear(vmemmap.format.hwpoison, at: head)
        return true
      }
      if removePoisonRecords(in: pool.folio(head)).isEmpty { throw .busy }
      vmemmap.clear(vmemmap.format.hwpoison, at: head)
      return false
    }
    guard isKeptFrame else { return }
    poisonedPageCount.wrappingSubtract(1, ordering: .relaxed)
    allocator.freeFrame(pfn)
  }

  /// The pool whose page, free or in use or on its way, starts at `head`.
  ///
  /// The caller holds the lock.
  func pool(ofPageAt head: PageFrameNumber) -> HugePagePool? {
    vmemmap.folioOrder(at: head).flatMap { pool(for: $0) }
  }

  /// Does what lets pages between two states come to one.
  func settleTransition() {
    for pool in pools { pool.releaseDeferredPages() }
    Machine.relaxWhileSpinning()
  }
}
