// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension HugeTLB {
  /// Gives `frames` of `node` to the page allocator as memory set aside for gigantic pages.
  ///
  /// Total memory grows. Pages up to the usual size can no longer be demoted: what they are made
  /// of may belong to the area.
  ///
  /// - Parameter held: the first frames of gigantic pages of the area that boot has given away; they
  ///   are part of it, and come to it when they are freed.
  /// - Precondition: boot is single-threaded, all pools are there, and nobody has the other frames.
  /// - Linux: `hugetlb_cma_reserve()`, `cma_init_reserved_areas()`.
  func addContiguousArea(
    _ frames: FrameRange, node: NodeID, held: [PageFrameNumber] = []
  ) {
    guard let pool = pools.first(where: { $0.isGigantic }) else {
      return manage(frames, as: .movable)
    }
    let start = frames.lowerBound.aligned(upTo: pool.order)
    let end = max(start, frames.upperBound.aligned(downTo: pool.order))
    manage(frames, as: .cma, sparing: held.map { pool.folio($0) })
    contiguousAreas.append(
      ContiguousArea(node: node, frames: start..<end, order: pool.order, held: held))
    chooseDemotionOrders()
  }

  /// Puts frames whose descriptors are mapped under the allocator's management, but for `spared`
  /// ones.
  private func manage(
    _ frames: FrameRange, as type: MigrateType, sparing spared: [Folio] = []
  ) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      let number = topology.sections.number(of: start)
      let end = min(topology.sections.frames(of: number).upperBound, frames.upperBound)
      if topology.sections[number].marks.contains(.hasMap) {
        manageInSection(start..<end, type, sparing: spared)
      }
      start = end
    }
  }

  private func manageInSection(
    _ frames: FrameRange, _ type: MigrateType, sparing spared: [Folio]
  ) {
    var block = frames.lowerBound
    while block < frames.upperBound {
      topology.sections.setMigrateType(type, of: block)
      block = PageFrameNumber(block.rawValue &+ allocator.pageblockOrder.pageCount)
    }
    var rest = frames.lowerBound
    for folio in spared where folio.frames.overlaps(frames) {
      let part = folio.frames.clamped(to: frames)
      if rest < part.lowerBound { allocator.manage(rest..<part.lowerBound, end: .back) }
      rest = part.upperBound
    }
    if rest < frames.upperBound { allocator.manage(rest..<frames.upperBound, end: .back) }
    guard type == .cma else { return }
    topology.zone(of: frames.lowerBound)?.contiguousArea
      .wrappingAdd(frames.pageCount, ordering: .relaxed)
  }

  /// Takes a bare block of `order` from an area: that of `node`, or of another one.
  ///
  /// - Returns: nil if there is no area of such blocks, or none has a slot whose frames are free.
  /// - Linux: `hugetlb_cma_alloc_frozen_folio()`.
  func allocateFromContiguousArea(
    _ order: PageOrder, on node: NodeID, _ options: AllocationOptions
  ) -> PageFrameNumber? {
    for area in contiguousAreas where area.node == node && area.order == order {
      if let head = allocate(from: area) { return head }
    }
    guard !options.contains(.thisNode) else { return nil }
    for area in contiguousAreas where area.node != node && area.order == order {
      if let head = allocate(from: area) { return head }
    }
    return nil
  }

  private func allocate(from area: ContiguousArea) -> PageFrameNumber? {
    let machine = vmemmap.machine
    let events = allocator.events
    guard !machine.failures.takesAllocation(of: area.order),
      let head = area.takeFirstSlot({ take($0) })
    else {
      events.contiguousAreaFailures.wrappingAdd(1, ordering: .relaxed)
      return nil
    }
    machine.cost.add(area.order.pageCount, to: .framesAllocated)
    events.allocatedPages.wrappingAdd(area.order.pageCount, ordering: .relaxed)
    events.contiguousAreaSuccesses.wrappingAdd(1, ordering: .relaxed)
    return head
  }

  private func take(_ slot: FrameRange) -> Bool {
    guard let zone = topology.zone(of: slot.lowerBound) else { return false }
    return allocator.takeRange(slot, from: allocator.freeLists[zone.index])
  }

  /// Gives frames of a page that came from an area back to it.
  ///
  /// - Precondition: nobody uses the frames any more, and they lie in one slot.
  func returnToContiguousArea(_ frames: FrameRange) {
    guard let area = contiguousAreas.first(where: { $0.frames.contains(frames.lowerBound) }) else {
      preconditionFailure("a page marked as one of an area lies in an area")
    }
    // First the frames, then the note: a slot that looks free may be tried at once.
    allocator.freeRun(frames)
    area.noteReturn(of: frames)
  }
}
