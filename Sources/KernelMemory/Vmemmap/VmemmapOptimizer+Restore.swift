// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far a batch restore came.
struct VmemmapRestoreOutcome: Equatable {
  /// Folios that were folded and are not any more.
  var restoredCount: UInt = 0
  /// Whether a folio could not be unfolded; it and those behind it were left alone.
  var isIncomplete = false
}

/// What the descriptors behind a folio's first vmemmap page say once they have frames of their own.
enum RestoredTails {
  /// What they said while they were folded.
  case whole
  /// Nothing: the folio is about to be free. What would be copied would only be cleared again.
  case blank
}

extension VmemmapOptimizer {
  /// Unfolds the descriptors of one folio; of one that is not folded, makes those blank that are to be.
  ///
  /// - Throws: ``VmemmapRestoreError`` if frames are short; nothing changed.
  /// - Linux: `hugetlb_vmemmap_restore_folio()` (spec 05 section 7).
  func restore(_ folio: Folio, _ tails: RestoredTails = .whole) throws(VmemmapRestoreError) {
    guard isOptimized(folio) else {
      if tails == .blank { blankOuterPages(of: folio) }
      return
    }
    if design.readerWait == .always { machine.waitForGracePeriod() }
    var batch = FoldingBatch(
      runLength: savedPageCount(for: folio.order), isCleared: tails == .blank)
    do throws(VmemmapRestoreError) {
      let flush = try unfold(folio, in: &batch, tails)
      flush.commit(on: machine)
      batch.returnSupply(to: allocator)
      if tails == .blank { blankPrivatePages(of: folio) }
    } catch {
      batch.returnSupply(to: allocator)
      throw error
    }
  }

  /// Unfolds the folios of `order` whose heads are on `input`, front to back, and moves each of
  /// them, folded before or not, to the front of `output`.
  ///
  /// If `tails` are to be blank, they are so in each folio on `output`, but for those whose heads have
  /// any bit of `keeping` in their private words.
  ///
  /// The first folio for which frames are short ends it: that one and those behind it stay on
  /// `input`, unchanged. With a design that batches, whatever was unfolded is flushed once.
  ///
  /// - Linux: `hugetlb_vmemmap_restore_folios()` (spec 05 section 9).
  func restore(
    _ input: inout FrameList, order: PageOrder, output: inout FrameList,
    _ tails: RestoredTails = .whole, keeping: UInt64 = 0
  ) -> VmemmapRestoreOutcome {
    var outcome = VmemmapRestoreOutcome()
    let length = Self.runLength(for: input.count &* savedPageCount(for: order))
    var batch = FoldingBatch(runLength: length, isCleared: tails == .blank)
    // What is to be blank once all CPUs have flushed.
    var obsolete = FrameRuns()
    var hasWaited = false
    while let head = vmemmap.first(of: input) {
      let folio = Folio(head: head, order: order)
      let isKept = keeping != 0 && hasPrivateBits(keeping, head)
      let tails = isKept ? .whole : tails
      if isOptimized(folio) {
        // One grace period is enough for all: each folio was frozen before it.
        if design.readerWait == .always, !hasWaited { machine.waitForGracePeriod() }
        hasWaited = true
        guard restoreInBatch(folio, &batch, tails) else {
          outcome.isIncomplete = true
          break
        }
        outcome.restoredCount &+= 1
        if tails == .blank { collectPrivatePages(of: folio, in: &obsolete) }
      } else if tails == .blank {
        collectOuterPages(of: folio, in: &obsolete)
      }
      vmemmap.remove(head, from: &input)
      vmemmap.pushFront(head, on: &output)
    }
    if outcome.restoredCount > 0, design.batching == .lists { machine.flushAllTranslations() }
    batch.returnSupply(to: allocator)
    blank(&obsolete)
    return outcome
  }

  private func hasPrivateBits(_ bits: UInt64, _ head: PageFrameNumber) -> Bool {
    vmemmap.with(head, for: .load) { $0.privateWord & bits != 0 }
  }

  /// Unfolds one folio of a list.
  ///
  /// - Returns: false if frames are short.
  private func restoreInBatch(
    _ folio: Folio, _ batch: inout FoldingBatch, _ tails: RestoredTails
  ) -> Bool {
    guard let flush = try? unfold(folio, in: &batch, tails) else { return false }
    guard design.batching == .none else {
      flush.forget()
      return true
    }
    flush.commit(on: machine)
    return true
  }

  /// Unfolds one folded folio with frames that are all in hand before the first entry changes.
  private func unfold(
    _ folio: Folio, in batch: inout FoldingBatch, _ tails: RestoredTails
  ) throws(VmemmapRestoreError) -> PendingTLBFlush {
    guard let node = topology.nodeID(of: folio.head) else {
      throw VmemmapRestoreError()
    }
    let count = savedPageCount(for: folio.order)
    var frames = FrameRuns()
    while frames.pageCount < count {
      let missing = count &- frames.pageCount
      guard
        let run = batch.takeFrames(
          upTo: missing, on: node, design.restoreOptions, from: allocator)
      else {
        giveBack(&frames)
        throw VmemmapRestoreError()
      }
      frames.append(run, vmemmap)
    }
    accounting.runtimePages.wrappingAdd(Int(count), ordering: .relaxed)
    let flush = tables.addressSpaceLock.withReadLock {
      unfold(folio, onto: &frames, tails, &batch.cursor)
    }
    setOptimized(false, folio)
    return flush
  }

  /// Frees frames that were meant for a vmemmap but never mapped.
  private func giveBack(_ frames: inout FrameRuns) {
    while let run = frames.popRun(vmemmap) { allocator.releaseRun(run) }
  }
}
