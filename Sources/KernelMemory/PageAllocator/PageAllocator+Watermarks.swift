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
    minimumFreeKiB.store(minimum, ordering: .relaxed)
    shareReserve(minimum / pageKiB, over: low)
  }

  /// The managed pages outside movable zones.
  private var lowPageCount: UInt {
    topology.zones.reduce(0) { $1.kind < .movable ? $0 &+ $1.managedPageCount : $0 }
  }

  private func shareReserve(_ reserve: UInt, over low: UInt) {
    for zone in topology.zones where zone.isPopulated {
      let managed = zone.managedPageCount
      let product = reserve.multipliedFullWidth(by: managed)
      let lists = freeLists[zone.index]
      lists.watermarks = WatermarkPolicy.watermarks(
        kind: zone.kind, share: low == 0 ? 0 : low.dividingFullWidth(product).quotient,
        managed: managed)
      cpuLists[zone.index].resize(
        managed: managed, low: lists.watermarks.low, pageSize: vmemmap.pageSize)
    }
  }

  /// The pages of a zone that requests which could go to `highest` leave alone.
  ///
  /// - Linux: `zone->lowmem_reserve[]`.
  func lowmemReserve(of zone: Zone, for highest: ZoneKind) -> UInt {
    let ratio = WatermarkPolicy.reserveRatio(of: zone.kind)
    guard ratio > 0, highest > zone.kind else { return 0 }
    var above: UInt = 0
    for other in topology.zones
    where other.node == zone.node && other.kind > zone.kind && other.kind <= highest {
      above &+= other.managedPageCount
    }
    return above / ratio
  }

  /// Whether a zone may give a block of `order` to such a request without going below its mark.
  ///
  /// - Linux: `zone_watermark_ok()` with the minimum mark: all that a request may use when
  ///   nothing can be reclaimed.
  func allows(
    _ order: PageOrder, in lists: ZoneFreeLists, _ options: AllocationOptions
  ) -> Bool {
    if options.contains(.ignoreWatermarks) { return true }
    let free = lists.freePageCount.load(ordering: .relaxed)
    var unusable = order.pageCount &- 1
    if !options.contains(.movable) {
      unusable &+= lists.freeContiguousPageCount.load(ordering: .relaxed)
    }
    var mark = lists.watermarks.min
    if options.contains(.highPriority) { mark /= 2 }
    let reserve = lowmemReserve(of: lists.zone, for: options.highestZone)
    return free > unusable &+ mark &+ reserve
  }
}
