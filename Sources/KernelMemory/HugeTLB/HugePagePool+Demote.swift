// SPDX-License-Identifier: Apache-2.0

/// Why pages were not split.
enum DemoteError: Error, Equatable {
  /// The descriptors of a page could not be unfolded for want of frames.
  case outOfMemory
  /// No free page can be split: all have bad memory, or there is no smaller size.
  case busy
}

/// Why the size to split into was not changed: there is no such pool of smaller pages, or its pages
/// are below the usual size.
struct DemotionSizeError: Error, Equatable {}

extension HugePagePool {
  /// Splits up to `wanted` free pages, of the node at `position` or of all, into pages of the pool
  /// for ``demotionOrder``.
  ///
  /// Fewer free pages than wanted are no error.
  ///
  /// - Throws: ``DemoteError``; pages split before stay split, and all others are in this pool.
  /// - Linux: `demote_store()` (spec 06 section 9).
  func demote(_ wanted: UInt, on position: Int? = nil) throws(DemoteError) {
    try resizeLock.withLock { () throws(DemoteError) in
      guard let smaller = demotionOrder.flatMap({ hugeTLB.pool(for: $0) }) else {
        throw .busy
      }
      let mask =
        position.map { NodeMask(only: $0, nodeCount: parts.count) } ?? hugeTLB.nodesWithMemory
      var left = wanted
      while left > 0 {
        let limit = hugeTLB.lock.withLock { min(left, demotablePageCount(on: position)) }
        guard limit > 0 else { return }
        left &-= try demoteRound(limit, mask, into: smaller)
      }
    }
  }

  /// Sets the size that pages are split into.
  ///
  /// - Parameter byteCount: the bytes of one of the smaller pages.
  ///
  /// - Throws: ``DemotionSizeError``; the size is as before.
  /// - Linux: `demote_size_store()`.
  func setDemotionOrder(_ byteCount: UInt) throws(DemotionSizeError) {
    guard
      let smaller = hugeTLB.pools.first(where: { $0.byteCount == byteCount }),
      smaller.order < order, smaller.order >= allocator.pageblockOrder
    else { throw DemotionSizeError() }
    resizeLock.withLock { demotionOrder = smaller.order }
  }

  /// How many pages may be split now.
  ///
  /// As in a kernel, a node whose free pages are as many as all nodes' reserved ones has none; but
  /// promised pages are never split.
  private func demotablePageCount(on position: Int?) -> UInt {
    guard let position else { return counts.availablePageCount }
    let free = parts[position].counts.freePageCount
    return free == counts.reservedPageCount ? 0 : min(free, counts.availablePageCount)
  }

  /// Splits pages of the nodes whose turn it is; returns how many.
  private func demoteRound(
    _ limit: UInt, _ mask: NodeMask, into smaller: HugePagePool
  ) throws(DemoteError) -> UInt {
    let limit = hugeTLB.policy.handlesLists ? limit : 1
    var batch = DemotionBatch()
    for _ in 0..<mask.count where batch.demotedCount < limit && !batch.isIncomplete {
      hugeTLB.lock.withLock {
        guard let position = releaseRotation.takeTurn(in: mask) else { return }
        removeUnpoisoned(upTo: limit &- batch.demotedCount, on: position, &batch)
      }
      demote(&batch, into: smaller)
    }
    hugeTLB.lock.withLock {
      let persistent = batch.demotedCount &- batch.demotedSurplusCount
      target = target > persistent ? target &- persistent : 0
    }
    if batch.isIncomplete { throw .outOfMemory }
    if batch.demotedCount == 0 { throw .busy }
    return batch.demotedCount
  }

  /// Splits the removed pages of `batch`; those that cannot be unfolded return to this pool.
  private func demote(_ batch: inout DemotionBatch, into smaller: HugePagePool) {
    var whole = FrameList()
    let outcome = optimizer.restore(&batch.removed, order: order, output: &whole)
    moveUnfolded(from: &batch.removed, to: &whole)
    if outcome.isIncomplete { batch.isIncomplete = true }
    batch.demotedCount &+= whole.count
    split(&whole, into: smaller)
    hugeTLB.lock.withLock {
      while let head = vmemmap.popFront(of: &batch.removed) {
        let isSurplus = batch.surplusOnNode > 0
        if isSurplus { batch.surplusOnNode &-= 1 }
        addBack(head, asSurplus: isSurplus)
      }
    }
    batch.demotedSurplusCount &+= batch.surplusOnNode
    batch.surplusOnNode = 0
  }

  /// Moves pages behind the one that stopped the batch, if they need no unfolding, to `whole`.
  private func moveUnfolded(from list: inout FrameList, to whole: inout FrameList) {
    var folded = FrameList()
    while let head = vmemmap.popFront(of: &list) {
      if optimizer.isOptimized(folio(head)) {
        vmemmap.pushBack(head, on: &folded)
      } else {
        vmemmap.pushBack(head, on: &whole)
      }
    }
    list = folded
  }

  /// Makes smaller pages of whole removed ones, which are no more.
  ///
  /// The smaller pool's target goes up with its pages: whoever resizes it next must find both. (A
  /// kernel raises it later, and then it may say more than there is.)
  private func split(_ list: inout FrameList, into smaller: HugePagePool) {
    guard !list.isEmpty else { return }
    // The larger size's lock is held already: the order is the same for everybody.
    smaller.resizeLock.withLock {
      var fresh = FrameList()
      while let head = vmemmap.popFront(of: &list) {
        split(head, into: smaller, &fresh)
        if fresh.count >= smaller.chunkLength { smaller.addNewPages(&fresh, .unasked) }
      }
      smaller.addNewPages(&fresh, .unasked)
    }
  }

  private func split(
    _ head: PageFrameNumber, into smaller: HugePagePool, _ fresh: inout FrameList
  ) {
    let isArea = vmemmap.hasHugePageMarks(.contiguousArea, at: head)
    let frames = folio(head).frames
    var part = frames.lowerBound
    while part < frames.upperBound {
      smaller.prepare(part)
      if isArea { vmemmap.insertHugePageMarks(.contiguousArea, at: part) }
      vmemmap.pushFront(part, on: &fresh)
      part = PageFrameNumber(part.rawValue &+ smaller.order.pageCount)
    }
  }

  /// Removes up to `limit` free pages without bad memory from the node at `position`.
  ///
  /// If all pages of the node are surplus, so are the removed ones.
  private func removeUnpoisoned(upTo limit: UInt, on position: Int, _ batch: inout DemotionBatch) {
    let poison = vmemmap.format.hwpoison
    var current = vmemmap.first(of: parts[position].freeList)
    while let head = current, batch.removed.count < limit {
      current = vmemmap.next(after: head)
      if vmemmap.has(poison, at: head) { continue }
      let part = parts[position].counts
      let isSurplus = part.surplusPageCount == part.pageCount
      remove(head, isSurplus ? .lowered : .none)
      if isSurplus { batch.surplusOnNode &+= 1 }
      vmemmap.pushFront(head, on: &batch.removed)
    }
  }
}

/// What a round of splitting carries from node to node.
private struct DemotionBatch {
  /// Removed pages of one node.
  var removed = FrameList()
  /// How many of ``removed`` were counted as surplus.
  var surplusOnNode: UInt = 0
  /// Pages split so far.
  var demotedCount: UInt = 0
  /// How many of these were counted as surplus.
  var demotedSurplusCount: UInt = 0
  /// Whether a page could not be unfolded.
  var isIncomplete = false
}
