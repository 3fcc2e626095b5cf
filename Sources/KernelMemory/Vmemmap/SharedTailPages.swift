// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The frames of tail descriptors that all folded folios of a zone and order map.
///
/// A frame is made when the first folio needs it, complete before anybody can see it, and stays for
/// ever. Its content never changes: it is mapped read-only wherever the architecture can.
///
/// - Linux: `zone->vmemmap_tails[]`, `vmemmap_get_tail()` (spec 05 section 3).
final class SharedTailPages: Sendable {
  private let allocator: PageAllocator
  private let vmemmap: Vmemmap
  /// By zone, then by order: the frame's number plus one, or 0.
  private let slots: ObjectTable<Slot>
  private static var ordersPerZone: Int { 64 }

  private final class Slot: Sendable {
    let frame = Atomic<UInt>(0)
  }

  init(allocator: PageAllocator, vmemmap: Vmemmap) {
    self.allocator = allocator
    self.vmemmap = vmemmap
    let count = allocator.topology.zones.count * Self.ordersPerZone
    slots = ObjectTable((0..<count).map { _ in Slot() })
  }

  @inline(__always)
  private func withSlot<Result>(
    _ zone: Zone, _ order: PageOrder, _ body: (Slot) -> Result
  ) -> Result {
    slots.with(zone.index &* Self.ordersPerZone &+ order.index, body)
  }

  /// The tail page of `zone` and `order`, if it has been made.
  func existingPage(for zone: Zone, _ order: PageOrder) -> PageFrameNumber? {
    let stored = withSlot(zone, order) { $0.frame.load(ordering: .acquiring) }
    return stored == 0 ? nil : PageFrameNumber(stored - 1)
  }

  /// The tail page of `zone` and `order`, made if need be; nil if no frame is left for it.
  func page(for zone: Zone, _ order: PageOrder) -> PageFrameNumber? {
    if let page = existingPage(for: zone, order) { return page }
    guard let frame = allocator.allocateFrame(on: zone.node) else { return nil }
    return publish(frame, for: zone, order)
  }

  /// Fills `frame` with tails and makes it the tail page, unless another CPU was faster.
  ///
  /// - Returns: the tail page that all use from now on.
  func publish(
    _ frame: PageFrameNumber, for zone: Zone, _ order: PageOrder
  ) -> PageFrameNumber {
    fill(frame, for: zone, order)
    let (mine, winner) = withSlot(zone, order) {
      $0.frame.compareExchange(
        expected: 0, desired: frame.rawValue + 1, ordering: .acquiringAndReleasing)
    }
    if mine { return frame }
    allocator.freeFrame(frame)
    return PageFrameNumber(winner - 1)
  }

  private func fill(_ frame: PageFrameNumber, for zone: Zone, _ order: PageOrder) {
    let template = vmemmap.sharedTailTemplate(for: zone, order)
    let size = vmemmap.pageSize
    unsafe template.fill(
      vmemmap.machine.pointer(to: size.address(of: frame)), count: vmemmap.descriptorsPerPage)
  }

  /// Calls `body` for each tail page with its zone and order.
  func forEach(_ body: (PageFrameNumber, Zone, PageOrder) -> Void) {
    for zone in allocator.topology.zones {
      for order in 0..<Self.ordersPerZone {
        guard let page = existingPage(for: zone, PageOrder(order)) else { continue }
        body(page, zone, PageOrder(order))
      }
    }
  }
}
