// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How far a batch restore came.
struct VmemmapRestoreOutcome: Equatable {
  /// Folios that were folded and are not any more.
  var restoredCount: UInt = 0
  /// Whether a folio could not be unfolded; it and those behind it were left alone.
  var isIncomplete = false
}

extension VmemmapOptimizer {
  /// Unfolds the descriptors of one folio.
  ///
  /// - Throws: ``VmemmapRestoreError`` if frames are short; nothing changed.
  /// - Linux: `hugetlb_vmemmap_restore_folio()` (spec 05 section 7).
  func restore(_ folio: Folio) throws(VmemmapRestoreError) {
    guard isOptimized(folio) else { return }
    if design.readerWait == .always { machine.waitForGracePeriod() }
    var batch = FoldingBatch(runLength: savedPageCount(for: folio.order))
    do throws(VmemmapRestoreError) {
      let flush = try unfold(folio, in: &batch)
      flush.commit(on: machine)
      batch.returnSupply(to: allocator)
    } catch {
      batch.returnSupply(to: allocator)
      throw error
    }
  }

  /// Unfolds the folios of `order` whose heads are on `input`, front to back, and moves each of
  /// them, folded before or not, to the front of `output`.
  ///
  /// The first folio for which frames are short ends it: that one and those behind it stay on
  /// `input`, unchanged. With a design that batches, whatever was unfolded is flushed once.
  ///
  /// - Linux: `hugetlb_vmemmap_restore_folios()` (spec 05 section 9).
  func restore(
    _ input: inout FrameList, order: PageOrder, output: inout FrameList
  ) -> VmemmapRestoreOutcome {
    var outcome = VmemmapRestoreOutcome()
    let length = Self.runLength(for: input.count &* savedPageCount(for: order))
    var batch = FoldingBatch(runLength: length)
    var hasWaited = false
    while let head = vmemmap.first(of: input) {
      let folio = Folio(head: head, order: order)
      if isOptimized(folio) {
        // One grace period is enough for all: each folio was frozen before it.
        if design.readerWait == .always, !hasWaited { machine.waitForGracePeriod() }
        hasWaited = true
        guard restoreInBatch(folio, &batch) else {
          outcome.isIncomplete = true
          break
        }
        outcome.restoredCount &+= 1
      }
      vmemmap.remove(head, from: &input)
      vmemmap.pushFront(head, on: &output)
    }
    if outcome.restoredCount > 0, design.batching == .lists { machine.flushAllTranslations() }
    batch.returnSupply(to: allocator)
    return outcome
  }

  /// Unfolds one folio of a list.
  ///
  /// - Returns: false if frames are short.
  private func restoreInBatch(_ folio: Folio, _ batch: inout FoldingBatch) -> Bool {
    guard let flush = try? unfold(folio, in: &batch) else { return false }
    guard design.batching == .none else {
      flush.forget()
      return true
    }
    flush.commit(on: machine)
    return true
  }

  /// Unfolds one folded folio with frames that are all in hand before the first entry changes.
  private func unfold(
    _ folio: Folio, in batch: inout FoldingBatch
  ) throws(VmemmapRestoreError) -> PendingTLBFlush {
    guard let node = allocator.topology.nodeID(of: folio.head) else {
      throw VmemmapRestoreError()
    }
    let count = savedPageCount(for: folio.order)
    var frames = FrameRuns()
    while frames.pageCount < count {
      guard let pfn = batch.takeFrame(on: node, design.restoreOptions, from: allocator) else {
        giveBack(&frames)
        throw VmemmapRestoreError()
      }
      frames.append(pfn..<pfn.advanced(by: 1), vmemmap)
    }
    accounting.runtimePages.wrappingAdd(Int(count), ordering: .relaxed)
    let flush = tables.addressSpaceLock.withReadLock { unfold(folio, onto: &frames) }
    setOptimized(false, folio)
    return flush
  }

  /// Frees frames that were meant for a vmemmap but never mapped.
  private func giveBack(_ frames: inout FrameRuns) {
    while let run = frames.popRun(vmemmap) {
      clearOwnership(of: run)
      allocator.freeRun(run)
    }
  }
}
