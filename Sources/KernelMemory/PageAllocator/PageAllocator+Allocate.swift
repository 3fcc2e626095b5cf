// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension PageAllocator {
  /// Allocates a bare block of `order`, on `node` if possible.
  ///
  /// The head's descriptor says "allocated, no reference"; the other descriptors say nothing yet.
  ///
  /// - Returns: the first frame, or nil if no zone may give such a block; then nothing changed.
  /// - Linux: `get_page_from_freelist()`; there is nothing to reclaim here, so all retrying
  ///   efforts come to the same.
  func allocateBlock(
    _ order: PageOrder, on node: NodeID, _ options: AllocationOptions
  ) -> PageFrameNumber? {
    if machine.failsAllocation(of: order) { return nil }
    return takeBlock(order, on: node, options)
  }

  /// Allocates one frame with one reference, for the kernel's own use unless `options` say more.
  func allocateFrame(
    on node: NodeID, _ options: AllocationOptions = []
  ) -> PageFrameNumber? {
    guard let pfn = allocateBlock(.page, on: node, options) else { return nil }
    vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
    if options.contains(.zeroed) { clearContents(of: pfn) }
    return pfn
  }

  /// Fills a frame with zeroes.
  func clearContents(of pfn: PageFrameNumber) { clearContents(of: pfn..<pfn.advanced(by: 1)) }

  /// Makes `frames` read as zero.
  func clearContents(of frames: FrameRange) {
    let size = vmemmap.pageSize
    machine.clearContents(
      at: size.address(of: frames.lowerBound), byteCount: frames.pageCount &<< size.shift)
  }

  /// ``allocateBlock(_:on:_:)`` beyond the failure injection.
  ///
  /// At first each zone keeps back as much as it wants to have; only if all are that short, what it
  /// needs. Before a request fails, what CPUs keep at hand comes back to the free lists, where it
  /// merges.
  func takeBlock(
    _ order: PageOrder, on node: NodeID, _ options: AllocationOptions
  ) -> PageFrameNumber? {
    guard order <= maximumOrder, let position = topology.position(of: node) else { return nil }
    return takeBlock(order, at: position, node, options, keeping: .low)
      ?? takeBlockWhenShort(order, at: position, node, options)
  }

  @inline(never)
  private func takeBlockWhenShort(
    _ order: PageOrder, at position: Int, _ node: NodeID, _ options: AllocationOptions
  ) -> PageFrameNumber? {
    if let pfn = takeBlock(order, at: position, node, options, keeping: .minimum) { return pfn }
    guard cpuLists.contains(where: { $0.pageCount > 0 }) else { return nil }
    drainCPULists()
    return takeBlock(order, at: position, node, options, keeping: .minimum)
  }

  @inline(__always)
  private func takeBlock(
    _ order: PageOrder, at position: Int, _ node: NodeID, _ options: AllocationOptions,
    keeping mark: KeptMark
  ) -> PageFrameNumber? {
    // Not over the array itself, which would be retained.
    for place in 0..<zoneOrders[position].count {
      let index = zoneOrders[position][place]
      if let pfn = freeLists.with(index, { takeBlock(order, from: $0, node, options, mark) }) {
        machine.cost.add(order.pageCount, to: .framesAllocated)
        events.allocatedPages.add(order.pageCount, from: machine.counterWriters)
        return pfn
      }
    }
    return nil
  }

  @inline(__always)
  private func takeBlock(
    _ order: PageOrder, from lists: ZoneFreeLists, _ node: NodeID, _ options: AllocationOptions,
    _ mark: KeptMark
  ) -> PageFrameNumber? {
    let zone = lists.zone
    if zone.kind > options.highestZone { return nil }
    if options.contains(.thisNode), zone.node != node { return nil }
    guard allows(order, in: lists, options, keeping: mark) else { return nil }
    let type = options.migrateType
    let cpu = machine.currentCPU
    if let pfn = cpuLists.with(zone.index, { $0.take(order, type, vmemmap, cpu) }) { return pfn }
    return lists.lock.withLock { removeBlock(order, type, from: lists) }
  }

  /// Takes a block of `order` off a zone's free lists, of `type` or of what may stand in for it.
  ///
  /// The caller holds the zone's lock.
  func removeBlock(
    _ order: PageOrder, _ type: MigrateType, from lists: ZoneFreeLists
  ) -> PageFrameNumber? {
    if type == .movable, usesContiguousAreaFirst(lists),
      let pfn = removeBlock(order, listedAs: .cma, from: lists)
    {
      return pfn
    }
    if let pfn = removeBlock(order, listedAs: type, from: lists) { return pfn }
    if type == .movable, openFreeSection(in: lists),
      let pfn = removeBlock(order, listedAs: type, from: lists)
    {
      return pfn
    }
    if type == .movable, let pfn = removeBlock(order, listedAs: .cma, from: lists) { return pfn }
    return removeFallbackBlock(order, type, from: lists)
  }

  /// Movable requests use contiguous memory first while more than half of what is free is such.
  private func usesContiguousAreaFirst(_ lists: ZoneFreeLists) -> Bool {
    lists.freeContiguousPageCount.load(ordering: .relaxed)
      > lists.freePageCount.load(ordering: .relaxed) / 2
  }

  /// Takes a block of `order` from the lists of exactly `type`, cut from the smallest that fits.
  @inline(__always)
  func removeBlock(
    _ order: PageOrder, listedAs type: MigrateType, from lists: ZoneFreeLists
  ) -> PageFrameNumber? {
    var size = order
    while size <= maximumOrder {
      if let pfn = lists.withList(size, type, { vmemmap.first(of: $0) }) {
        removeFromList(pfn, size, lists)
        split(pfn, from: size, to: order, type: type, in: lists)
        count(order.pageCount, takenFrom: lists, type: type)
        return pfn
      }
      size = size.next
    }
    return nil
  }
}
