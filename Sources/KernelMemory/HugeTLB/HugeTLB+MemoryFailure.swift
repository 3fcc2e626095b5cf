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
    while true {
      let attempt = try lock.withLock { () throws(PoisonError) in try markPoisoned(pfn) }
      switch attempt {
      case .inTransition: settleTransition()
      case .inUse: return .inUse
      case .free(let pool, let head, let isLost):
        let isDissolved = (try? pool.dissolveFreePage(head)) != nil
        return isDissolved && !isLost ? .dissolved : .kept
      }
    }
  }

  private enum PoisonAttempt {
    /// The page is on its way into or out of a pool.
    case inTransition
    case inUse
    case free(HugePagePool, PageFrameNumber, isLost: Bool)
  }

  private func markPoisoned(_ pfn: PageFrameNumber) throws(PoisonError) -> PoisonAttempt {
    let head = vmemmap.head(of: pfn)
    guard vmemmap.isHugeTLB(head), let pool = pool(ofPageAt: head) else {
      throw vmemmap.has(vmemmap.format.hwpoison, at: head) ? .alreadyPoisoned : .notHugePage
    }
    let isFree = vmemmap.hasHugePageMarks(.freed, at: head)
    guard isFree || vmemmap.references(to: head) > 0 else { return .inTransition }
    guard !poisonRecords.contains(pfn), !vmemmap.hasHugePageMarks(.poisonUnreliable, at: head)
    else { throw .alreadyPoisoned }
    vmemmap.set(vmemmap.format.hwpoison, at: head)
    let isRecorded = record(pfn, in: pool.folio(head))
    return isFree ? .free(pool, head, isLost: !isRecorded) : .inUse
  }

  /// Notes that `pfn` is bad or, for want of memory, that what is noted about its page is not all.
  private func record(_ pfn: PageFrameNumber, in folio: Folio) -> Bool {
    guard vmemmap.machine.failures.takesAllocation(of: .page) else {
      poisonRecords.append(pfn)
      return true
    }
    vmemmap.insertHugePageMarks(.poisonUnreliable, at: folio.head)
    _ = removePoisonRecords(in: folio)
    return false
  }

  /// Takes the mark off the page that `pfn` belongs to, or off the kept frame `pfn`, which becomes
  /// ordinary memory again.
  ///
  /// - Throws: ``UnpoisonError``; nothing changed.
  /// - Linux: `unpoison_memory()`.
  func unpoison(_ pfn: PageFrameNumber) throws(UnpoisonError) {
    guard hasDescriptor(pfn) else { throw .notPoisoned }
    let isKeptFrame = try lock.withLock { () throws(UnpoisonError) in try clearPoison(pfn) }
    guard isKeptFrame else { return }
    poisonedPageCount.wrappingSubtract(1, ordering: .relaxed)
    guard contiguousAreas.contains(where: { $0.frames.contains(pfn) }) else {
      return allocator.freeFrame(pfn)
    }
    vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 0) }
    returnToContiguousArea(pfn..<pfn.advanced(by: 1))
  }

  /// Takes the mark off; true if `pfn` was not in a pool any more.
  private func clearPoison(_ pfn: PageFrameNumber) throws(UnpoisonError) -> Bool {
    let mark = vmemmap.format.hwpoison
    let head = vmemmap.head(of: pfn)
    guard vmemmap.has(mark, at: head) else { throw .notPoisoned }
    if vmemmap.isHugeTLB(head), let pool = pool(ofPageAt: head) {
      if removePoisonRecords(in: pool.folio(head)).isEmpty { throw .busy }
      vmemmap.clear(mark, at: head)
      return false
    }
    // Anything else is a frame that was kept, or a page on its way to the allocator.
    guard head == pfn, vmemmap.folioOrder(at: pfn) == nil else { throw .busy }
    vmemmap.clear(mark, at: pfn)
    return true
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
