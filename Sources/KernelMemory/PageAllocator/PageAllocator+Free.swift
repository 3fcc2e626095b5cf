// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension PageAllocator {
  /// Gives back the block of `order` at `pfn`, which nobody uses any more.
  ///
  /// Small blocks stay with the current CPU for a while.
  ///
  /// - Precondition: the block was allocated as such, has no reference and is no compound page.
  /// - Linux: `free_frozen_pages()`.
  func freeBlock(_ pfn: PageFrameNumber, _ order: PageOrder) {
    guard let zone = topology.zone(of: pfn) else {
      preconditionFailure("only memory that the allocator gave out is given back")
    }
    countFreed(order.pageCount)
    let place = zone.place
    vmemmap.with(pfn) { $0.reset(flags: place, counts: DescriptorCounts(references: 0)) }
    let type = topology.sections.migrateType(of: pfn)
    if !topology.sections.isIsolated(pfn),
      cpuLists[zone.index].put(pfn, order, type, vmemmap, machine.currentCPU)
    {
      return
    }
    let lists = freeLists[zone.index]
    lists.lock.withLock { insertBlock(pfn, order, in: lists) }
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

  /// Calls `body` with the parts of `frames` that lie in one zone each.
  private func forEachZone(of frames: FrameRange, _ body: (FrameRange, Zone) -> Void) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      guard let zone = topology.zone(of: start) else {
        preconditionFailure("only memory is given to the allocator")
      }
      let part = start..<min(frames.upperBound, zone.span.upperBound)
      body(part, zone)
      start = part.upperBound
    }
  }

  private func countFreed(_ pages: UInt) {
    machine.cost.add(pages, to: .framesFreed)
    events.freedPages.wrappingAdd(pages, ordering: .relaxed)
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
