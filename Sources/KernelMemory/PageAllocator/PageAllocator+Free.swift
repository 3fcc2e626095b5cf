// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension PageAllocator {
  /// Gives back the block of `order` at `pfn`, which nobody uses any more.
  ///
  /// Small blocks stay with the current CPU for a while.
  ///
  /// - Precondition: the block was allocated as such, has no reference and is no compound page. What is
  ///   larger than the largest block goes back as a run.
  /// - Linux: `free_frozen_pages()`.
  func freeBlock(_ pfn: PageFrameNumber, _ order: PageOrder) {
    guard let zone = topology.zoneIndex(of: pfn) else {
      preconditionFailure("only memory that the allocator gave out is given back")
    }
    precondition(order <= maximumOrder, "what is larger than a block goes back as a run")
    precondition(pfn.isAligned(to: order), "a block starts on its own size")
    assert(
      !isPartlyFree(pfn, order, in: freeLists[zone]),
      "a block is given back once, and no larger than it was")
    countFreed(order.pageCount)
    freeLists.with(zone) { freeBlock(pfn, order, to: $0) }
  }

  @inline(__always)
  private func freeBlock(_ pfn: PageFrameNumber, _ order: PageOrder, to lists: ZoneFreeLists) {
    let zone = lists.zone
    let place = zone.place
    vmemmap.with(pfn) { words in
      precondition(words.isInHand, "what is given back is in the caller's hand, and unreferenced")
      words.reset(flags: place, counts: DescriptorCounts(references: 0))
    }
    let type = topology.sections.migrateType(of: pfn)
    let cpu = machine.currentCPU
    var left: PageFrameNumber? = pfn
    if !topology.sections.isIsolated(pfn) {
      left = cpuLists.with(zone.index) { $0.put(pfn, order, type, vmemmap, cpu) }
    }
    if let left { insertFreed(left, order, in: lists) }
  }

  /// Puts a block on the free lists. Apart, as it would weigh on the short way out above.
  @inline(never)
  private func insertFreed(_ pfn: PageFrameNumber, _ order: PageOrder, in lists: ZoneFreeLists) {
    lists.lock.withLock { insertBlock(pfn, order, in: lists) }
  }

  /// Whether a part of a block, where one would lie if the block were smaller, is on a free list.
  private func isPartlyFree(
    _ pfn: PageFrameNumber, _ order: PageOrder, in lists: ZoneFreeLists
  ) -> Bool {
    lists.lock.withLock {
      if isFreeSection(topology.sections.number(of: pfn), in: lists) { return true }
      if freeBlock(containing: pfn) != nil { return true }
      return (0..<order.index).contains { size in
        let half = PageFrameNumber(pfn.rawValue &+ PageOrder(size).pageCount)
        return vmemmap.freeBlockOrder(at: half) != nil
      }
    }
  }

  /// Drops the caller's reference to a single frame and gives it back if that was the last.
  func freeFrame(_ pfn: PageFrameNumber) {
    if vmemmap.dropReference(pfn) == 0 { freeBlock(pfn, .page) }
  }

  /// Gives back `frames`, single frames that lie together, as the largest blocks they make.
  ///
  /// They skip the CPU's lists: a run would only be taken apart there.
  ///
  /// - Precondition: nobody uses the frames any more.
  func freeRun(_ frames: FrameRange) {
    countFreed(frames.pageCount)
    forEachZone(of: frames) { part, zone in
      let lists = freeLists[zone.index]
      lists.lock.withLock { insertRange(part, in: lists) }
    }
  }

  /// Takes the only reference off each of `frames`, single frames that lie together, and gives them
  /// back.
  ///
  /// - Precondition: nobody uses the frames any more.
  func releaseRun(_ frames: FrameRange) {
    let counts = DescriptorCounts(references: 0)
    forEachZone(of: frames) { part, zone in
      let place = zone.place
      vmemmap.forEachDescriptor(of: part) { ($0.flags, $0.counts) = (place, counts) }
    }
    freeRun(frames)
  }

  /// Calls `body` with the parts of `frames` that lie in one zone each.
  private func forEachZone(of frames: FrameRange, _ body: (FrameRange, Zone) -> Void) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      guard let zone = topology.zone(of: start) else {
        preconditionFailure("only memory is given to the allocator")
      }
      let part = start..<topology.end(of: zone, after: start, limit: frames.upperBound)
      body(part, zone)
      start = part.upperBound
    }
  }

  private func countFreed(_ pages: UInt) {
    machine.cost.add(pages, to: .framesFreed)
    events.freedPages.add(pages, from: machine.counterWriters)
  }

  /// Brings all blocks that CPUs keep back to the free lists.
  ///
  /// - Linux: `drain_all_pages()`.
  func drainCPULists() {
    for zone in topology.zones { drainCPULists(of: zone) }
  }

  /// Brings the blocks of `zone` that CPUs keep back to the free lists.
  func drainCPULists(of zone: Zone) {
    let lists = freeLists[zone.index]
    cpuLists[zone.index].drain(vmemmap) { pfn, order in
      lists.lock.withLock { insertBlock(pfn, order, in: lists) }
    }
  }

  /// Puts memory that was in nobody's hands under the allocator's management.
  ///
  /// Boot and the release of reserved memory come here; the total memory grows.
  ///
  /// - Linux: `__free_pages_core()`, `free_reserved_page()`.
  func manage(_ frames: FrameRange, end: ListEnd = .front) {
    forEachZone(of: frames) { part, zone in
      countManaged(part.pageCount, in: zone)
      let lists = freeLists[zone.index]
      lists.lock.withLock { insertRange(part, in: lists, end: end) }
    }
  }

  /// Counts pages that came under management without becoming free.
  func countManaged(_ pages: UInt, in zone: Zone) {
    zone.managed.wrappingAdd(pages, ordering: .relaxed)
    managedPageCount.wrappingAdd(pages, ordering: .relaxed)
  }
}
