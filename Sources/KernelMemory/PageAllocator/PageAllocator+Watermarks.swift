// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension PageAllocator {
  /// Sizes the reserves for the memory that is managed now.
  ///
  /// - Linux: `init_per_zone_wmark_min()` and khugepaged's raise (spec 02 section 4).
  func sizeReserves() {
    let low = lowPageCount
    let populated = UInt(topology.zones.count { $0.isPopulated && $0.kind < .movable })
    let pageKiB = vmemmap.pageSize.byteCount >> 10
    let minimum = WatermarkPolicy.minimumFreeKiB(
      lowKiB: low * pageKiB, populatedZones: populated, pageblockPages: pageblockOrder.pageCount,
      pageSize: vmemmap.pageSize)
    changeReserves { reserves in
      let wanted = reserves.wantedFreeKiB.load(ordering: .relaxed)
      reserves.minimumFreeKiB.store(max(minimum, wanted), ordering: .relaxed)
    }
  }

  /// Changes settings of the reserves and sizes marks and CPUs' lists by them.
  ///
  /// - Linux: `setup_per_zone_wmarks()`, `zone_pcp_update()`.
  func changeReserves(_ change: (ReserveSettings) -> Void) {
    reserves.lock.withLock {
      change(reserves)
      let pageKiB = vmemmap.pageSize.byteCount >> 10
      let sharers =
        reservePolicy.movableZonesShare
        ? topology.zones.reduce(0) { $0 &+ $1.managedPageCount } : lowPageCount
      shareReserve(reserves.minimumFreeKiB.load(ordering: .relaxed) / pageKiB, over: sharers)
    }
  }

  /// The managed pages outside movable zones.
  private var lowPageCount: UInt {
    topology.zones.reduce(0) { $1.kind < .movable ? $0 &+ $1.managedPageCount : $0 }
  }

  private func shareReserve(_ reserve: UInt, over low: UInt) {
    let fraction = reserves.listFraction.load(ordering: .relaxed)
    for zone in topology.zones where zone.isPopulated {
      let managed = zone.managedPageCount
      let product = reserve.multipliedFullWidth(by: managed)
      let marks = WatermarkPolicy.watermarks(
        kind: markKind(of: zone), share: low == 0 ? 0 : low.dividingFullWidth(product).quotient,
        managed: managed, scaleFactor: reserves.scaleFactor.load(ordering: .relaxed))
      freeLists[zone.index].watermarks = marks
      cpuLists[zone.index].resize(
        managed: managed, total: fraction == 0 ? marks.low : managed / fraction,
        pageSize: vmemmap.pageSize)
    }
  }

  /// The kind of zone by whose rule the marks of `zone` are sized.
  func markKind(of zone: Zone) -> ZoneKind {
    zone.kind == .movable && reservePolicy.movableZonesShare ? .normal : zone.kind
  }

  /// The pages of a zone that requests which could go to `highest` leave alone.
  ///
  /// - Linux: `zone->lowmem_reserve[]`.
  @inline(__always)
  func lowmemReserve(of zone: Zone, for highest: ZoneKind) -> UInt {
    guard highest > zone.kind else { return 0 }
    return sharedReserve(of: zone, for: highest)
  }

  private func sharedReserve(of zone: Zone, for highest: ZoneKind) -> UInt {
    let ratio = reserves.reserveRatio(of: zone.kind)
    guard ratio > 0 else { return 0 }
    var above: UInt = 0
    // Those of the same node follow each other, lowest kind first.
    for index in (zone.index &+ 1)..<topology.zones.count {
      let (isAsked, pages) = topology.zones.with(index) { other in
        (other.node == zone.node && other.kind <= highest, other.managedPageCount)
      }
      guard isAsked else { break }
      above &+= pages
    }
    return above / ratio
  }

  /// Whether a zone may give a block of `order` to such a request without going below a mark.
  ///
  /// - Linux: `zone_watermark_ok()`; the minimum mark is all that a request may use when nothing can
  ///   be reclaimed.
  @inline(__always)
  func allows(
    _ order: PageOrder, in lists: ZoneFreeLists, _ options: AllocationOptions,
    keeping kept: KeptMark
  ) -> Bool {
    if options.contains(.ignoreWatermarks) { return true }
    let free = lists.freePageCount.load(ordering: .relaxed)
    guard free > 0 else { return false }
    var unusable = order.pageCount &- 1
    if !options.contains(.movable) {
      unusable &+= lists.freeContiguousPageCount.load(ordering: .relaxed)
    }
    var mark = lists.minimumMark.load(ordering: .relaxed)
    switch kept {
    case .low: mark = lists.lowMark.load(ordering: .relaxed)
    case .minimum: if options.contains(.highPriority) { mark /= 2 }
    }
    let reserve = lowmemReserve(of: lists.zone, for: options.highestZone)
    return free > unusable &+ mark &+ reserve
  }
}
