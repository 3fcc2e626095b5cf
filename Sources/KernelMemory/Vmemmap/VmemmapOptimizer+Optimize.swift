// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension VmemmapOptimizer {
  /// Folds the descriptors of one folio.
  ///
  /// - Returns: false if the folio is none to be folded; then nothing changed.
  /// - Throws: ``VmemmapOptimizeError``; the folio is not folded, and every frame and entry is as
  ///   before, but for huge leaves that were split.
  /// - Linux: `hugetlb_vmemmap_optimize_folio()`.
  @discardableResult
  func optimize(_ folio: Folio) throws(VmemmapOptimizeError) -> Bool {
    var batch = FoldingBatch(runLength: 1)
    guard shouldOptimize(folio, in: &batch) else { return false }
    if design.readerWait != .never { machine.waitForGracePeriod() }
    do throws(VmemmapOptimizeError) {
      let flush = try fold(folio, in: &batch, flushingAtOnce: true)
      flush.commit(on: machine)
      finish(&batch)
    } catch {
      finish(&batch)
      throw error
    }
    return true
  }

  /// Folds the descriptors of the folios of `order` whose heads are on `list`.
  ///
  /// Each folio's mark tells whether it was folded. The list stays as it was. With a design that
  /// batches, all CPUs are flushed twice, however long the list is, and frames are given back only
  /// after the second flush.
  ///
  /// - Linux: `hugetlb_vmemmap_optimize_folios()` (spec 05 section 8).
  func optimize(_ list: FrameList, order: PageOrder) {
    guard savedPageCount(for: order) > 0, !list.isEmpty else { return }
    guard design.batching == .lists else { return optimizeOneByOne(list, order: order) }
    var batch = FoldingBatch(runLength: Self.runLength(for: list.count))
    batch.isSplit = splitAll(list, order: order, &batch)
    if design.readerWait != .never, isEnabled.load(ordering: .relaxed) {
      machine.waitForGracePeriod()
    }
    vmemmap.forEach(in: list) { head in
      foldInBatch(Folio(head: head, order: order), &batch)
      return true
    }
    machine.flushAllTranslations()
    finish(&batch)
  }

  /// How many frames to draw at a time for `count` folios: neighbours in one vmemmap table share.
  static func runLength(for count: UInt) -> UInt { max(1, min(count, 512)) }

  private func optimizeOneByOne(_ list: FrameList, order: PageOrder) {
    vmemmap.forEach(in: list) { head in
      // A folio that cannot be folded joins the pool as it is.
      _ = try? optimize(Folio(head: head, order: order))
      return true
    }
  }

  /// Splits the leaves over all folios of the list, up to the first for which no table is left.
  ///
  /// - Returns: whether they are split for each folio of the list.
  private func splitAll(
    _ list: FrameList, order: PageOrder, _ batch: inout FoldingBatch
  ) -> Bool {
    var pending = PendingTLBFlush.nothing
    var isComplete = true
    vmemmap.forEach(in: list) { head in
      let folio = Folio(head: head, order: order)
      guard shouldOptimize(folio, in: &batch) else {
        isComplete = false
        return true
      }
      do throws(VmemmapOptimizeError) {
        let flush = try tables.addressSpaceLock.withReadLock {
          () throws(VmemmapOptimizeError) in
          try splitLeaves(of: folio, in: &batch, flushingAtOnce: false)
        }
        pending = pending.joined(with: flush)
      } catch {
        isComplete = false
        return error != .outOfFrames
      }
      return true
    }
    pending.commitEverything(on: machine)
    return isComplete
  }

  /// Folds one folio of a list; if frames run out and the batch holds some, they are freed and the
  /// folio is tried once more.
  private func foldInBatch(_ folio: Folio, _ batch: inout FoldingBatch) {
    guard shouldOptimize(folio, in: &batch) else { return }
    do throws(VmemmapOptimizeError) {
      try fold(folio, in: &batch, flushingAtOnce: true).forget()
    } catch {
      guard error == .outOfFrames, !batch.freed.isEmpty else { return }
      machine.flushAllTranslations()
      freeVmemmapPages(&batch.freed)
      guard let flush = try? fold(folio, in: &batch, flushingAtOnce: true) else { return }
      flush.forget()
    }
  }

  /// Folds one folio; what can fail comes first.
  private func fold(
    _ folio: Folio, in batch: inout FoldingBatch, flushingAtOnce: Bool
  ) throws(VmemmapOptimizeError) -> PendingTLBFlush {
    guard let zone = topology.zoneIndex(of: folio.head) else { throw .outOfFrames }
    var sharedTail: PageFrameNumber?
    if design.tailTarget == .sharedPage {
      sharedTail = topology.zones.with(zone) { tails.page(for: $0, folio.order) }
      if sharedTail == nil { throw .outOfFrames }
    }
    let splits =
      batch.isSplit
      ? .nothing
      : try tables.addressSpaceLock.withReadLock { () throws(VmemmapOptimizeError) in
        try splitLeaves(of: folio, in: &batch, flushingAtOnce: flushingAtOnce)
      }
    let head = takeHeadFrame(on: topology.zones.with(zone) { $0.node }, &batch)
    if head == nil, design.headCopy == .required {
      splits.commit(on: machine)
      throw .outOfFrames
    }
    // Until the flush some CPU may still see the old head page: both copies say "folded".
    setOptimized(true, folio)
    if let head {
      copyHeadPage(of: folio, to: head)
      accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
    }
    let tail = sharedTail ?? ownTail(of: folio, head: head)
    return tables.addressSpaceLock.withReadLock {
      fold(folio, head: head, onto: tail, in: &batch)
    }.joined(with: splits)
  }

  /// The page of the folio itself that its tails are mapped to.
  private func ownTail(of folio: Folio, head: PageFrameNumber?) -> PageFrameNumber {
    if design.tailTarget == .ownHeadPage, let head { return head }
    let index = design.tailTarget == .ownSecondPage ? vmemmap.descriptorsPerPage : 0
    let address = vmemmap.address(of: folio.head.advanced(by: Int(index)))
    guard let pfn = tables.frame(mappedAt: address) else {
      preconditionFailure("the descriptors of memory in use are mapped")
    }
    return pfn
  }

  /// Frees what a batch collected, after the flush, and returns the frames it did not use.
  func finish(_ batch: inout FoldingBatch) {
    freeVmemmapPages(&batch.freed)
    batch.returnSupply(to: allocator)
  }

  /// A fresh frame for the copy of a head page, if the design wants one and there is one.
  private func takeHeadFrame(on node: NodeID, _ batch: inout FoldingBatch) -> PageFrameNumber? {
    switch design.headCopy {
    case .none: nil
    case .preferred:
      batch.takeFrames(upTo: 1, on: node, [.noRetry], from: allocator)?.lowerBound
    case .required: batch.takeFrames(upTo: 1, on: node, [], from: allocator)?.lowerBound
    }
  }
}
