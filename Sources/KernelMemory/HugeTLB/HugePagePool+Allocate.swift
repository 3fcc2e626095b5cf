// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension HugePagePool {
  /// What requests for a page of this pool ask of the page allocator.
  var allocationOptions: AllocationOptions {
    let isMovable = !isGigantic || hugeTLB.makesGiganticMovable.load(ordering: .relaxed)
    return isMovable ? [.movable, .retryMayFail] : [.retryMayFail]
  }

  /// Allocates a page for the pool: frozen, marked, on no list, its descriptors outside the first
  /// vmemmap page not yet written.
  ///
  /// Whoever calls this folds the page or calls ``completeDescriptors(of:)`` next.
  ///
  /// - Returns: nil if `node` (and, without ``AllocationOptions/thisNode``, all others) has none.
  func allocateBarePage(on node: NodeID, _ extra: AllocationOptions) -> PageFrameNumber? {
    let options = allocationOptions.union(extra)
    if isGigantic {
      if let head = hugeTLB.allocateFromContiguousArea(order, on: node, options) {
        prepare(head)
        vmemmap.insertHugePageMarks(.contiguousArea, at: head)
        return head
      }
      if hugeTLB.usesContiguousAreasOnly.load(ordering: .relaxed) { return nil }
      guard let head = allocator.allocateContiguous(order, on: node, options) else { return nil }
      prepare(head)
      return head
    }
    guard let head = allocator.allocateBlock(order, on: node, options) else {
      hugeTLB.buddyFailures.wrappingAdd(1, ordering: .relaxed)
      return nil
    }
    hugeTLB.buddySuccesses.wrappingAdd(1, ordering: .relaxed)
    prepare(head)
    return head
  }

  /// Makes bare frames a huge page, as far as the vmemmap pages go that are never folded away.
  func prepare(_ head: PageFrameNumber) {
    let place = place(of: head)
    vmemmap.prepareHeadPage(of: folio(head), place: place)
    // Pages that are never folded away have content of their own.
    vmemmap.prepareOuterTails(
      of: folio(head), place: place, pageLimit: optimizer.design.privatePageCount)
    vmemmap.markHugeTLB(head)
  }

  /// Node and zone of a page, as its descriptors say them.
  private func place(of head: PageFrameNumber) -> UInt64 {
    guard let place = topology.withZone(of: head, { $0.place }) else {
      preconditionFailure("allocated memory belongs to a zone")
    }
    return place
  }

  /// Writes the descriptors that folding would have made unnecessary.
  func completeDescriptors(of head: PageFrameNumber) {
    vmemmap.prepareOuterTails(of: folio(head), place: place(of: head))
  }

  /// Folds new pages if that is on, and writes the descriptors of those that are not folded.
  func optimizeNewPages(_ list: FrameList) {
    optimizer.optimize(list, order: order)
    vmemmap.forEach(in: list) { head in
      if !optimizer.isOptimized(folio(head)) { completeDescriptors(of: head) }
      return true
    }
  }

  /// Folds one new page if that is on, or writes its descriptors.
  func optimizeNewPage(_ head: PageFrameNumber) {
    // A page that cannot be folded is as good a page as any.
    let isFolded = (try? optimizer.optimize(folio(head))) ?? false
    if !isFolded { completeDescriptors(of: head) }
  }

  /// Whether somebody asked for new pages.
  enum Demand {
    /// They are some of those that were asked for.
    case asked
    /// Nobody asked for them: the number that is asked for goes up with them.
    case unasked
  }

  /// Brings new pages into the pool as free ones.
  ///
  /// - Linux: `prep_and_add_allocated_folios()`.
  func addNewPages(_ list: inout FrameList, _ demand: Demand = .asked) {
    optimizeNewPages(list)
    hugeTLB.lock.withLock {
      if demand == .unasked { target &+= list.count }
      while let head = vmemmap.popFront(of: &list) { addFree(head) }
    }
  }

  /// How many pages are folded or unfolded in one go: as many as one block of descriptors of
  /// 64 MiB describes.
  ///
  /// A longer list would hold more frames in flight without saving flushes worth the name; frames
  /// that the first part gives back serve the next.
  var chunkLength: UInt {
    let bytes = order.pageCount &* DescriptorWords.byteCount
    return max(1, (UInt(128) << 20) / max(bytes, 1))
  }
}
