// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /proc/zoneinfo (spec 10 section 4): all zones of all online nodes, populated or not.

extension InterfaceTree {
  func appendZoneinfo(to sink: inout TextSink) {
    for position in topology.nodes.indices where topology.nodes[position].isOnline {
      let zones = zones(ofNode: position)
      let first = zones.first { $0.isPopulated }
      for zone in zones {
        appendZoneName(zone, to: &sink)
        sink.newline()
        if zone === first { appendNodeCounters(ofNode: position, to: &sink) }
        appendZone(zone, to: &sink)
      }
    }
  }

  /// Appends `Node 0, zone   Normal`.
  func appendZoneName(_ zone: Zone, to sink: inout TextSink) {
    sink.append("Node ")
    sink.appendDecimal(UInt(zone.node.rawValue))
    sink.append(", zone ")
    sink.append(zone.kind.name, width: 8)
  }

  private func appendNodeCounters(ofNode position: Int, to sink: inout TextSink) {
    sink.append("  per-node stats\n")
    for counter in VmCounter.node(policy.counters) {
      appendCounter(counter.name, value(of: counter.source, onNode: position), to: &sink)
    }
  }

  private func appendCounter(_ name: StaticString, _ value: UInt, to sink: inout TextSink) {
    sink.appendBlanks(6)
    sink.append(name, width: 12, side: .left)
    sink.append(byte: ASCII.space)
    sink.appendDecimal(value)
    sink.newline()
  }

  private func appendZone(_ zone: Zone, to sink: inout TextSink) {
    appendSizes(of: zone, to: &sink)
    appendProtection(of: zone, to: &sink)
    guard zone.isPopulated else { return }
    for counter in VmCounter.zone(policy.counters) + VmCounter.numa {
      appendCounter(counter.name, value(of: counter.source, in: zone), to: &sink)
    }
    appendCPULists(of: zone, to: &sink)
    appendEnd(of: zone, to: &sink)
  }

  private func appendSizes(of zone: Zone, to sink: inout TextSink) {
    sink.append("  pages free     ")
    sink.appendDecimal(freePageCount(of: zone))
    sink.newline()
    let marks = watermarks(of: zone)
    appendSize("boost", 0, to: &sink)
    appendSize("min", marks.min, to: &sink)
    appendSize("low", marks.low, to: &sink)
    appendSize("high", marks.high, to: &sink)
    if policy.showsPromotionWatermark { appendSize("promo", marks.promo, to: &sink) }
    appendSize("spanned", zone.spannedPageCount, to: &sink)
    appendSize("present", zone.presentPageCount, to: &sink)
    appendSize("managed", zone.managedPageCount, to: &sink)
    appendSize("cma", zone.contiguousArea.load(ordering: .relaxed), to: &sink)
  }

  /// The marks that a zone has, or that the kernel computes for one without memory.
  private func watermarks(of zone: Zone) -> Watermarks {
    zone.isPopulated
      ? lists(of: zone).watermarks
      : WatermarkPolicy.watermarks(
        kind: allocator.markKind(of: zone), share: 0, managed: 0, scaleFactor: 0)
  }

  private func appendSize(_ name: StaticString, _ value: UInt, to sink: inout TextSink) {
    sink.appendBlanks(8)
    sink.append(name, width: 9, side: .left)
    sink.appendDecimal(value)
    sink.newline()
  }

  private func appendProtection(of zone: Zone, to sink: inout TextSink) {
    sink.append("        protection: (")
    for kind in ZoneKind.allCases {
      if kind != .dma { sink.append(", ") }
      sink.appendDecimal(protection(of: zone, for: kind))
    }
    sink.append(")\n")
  }

  private func appendCPULists(of zone: Zone, to sink: inout TextSink) {
    let lists = allocator.cpuLists[zone.index]
    let threshold = statisticsThreshold(of: zone)
    sink.append("  pagesets\n")
    for cpu in 0..<subsystem.machine.cpuCount {
      sink.append("    cpu: ")
      sink.appendDecimal(UInt(cpu))
      sink.newline()
      appendListField("count:", lists.pageCount(of: CPUID(cpu)), to: &sink)
      appendListField("high:", lists.highPageCount, to: &sink)
      appendListField("batch:", lists.batchPageCount, to: &sink)
      if policy.showsListLimits {
        appendListField("high_min:", lists.highPageCount, to: &sink)
        appendListField("high_max:", highestListLimit(of: zone), to: &sink)
      }
      sink.append("  vm stats threshold: ")
      sink.appendDecimal(threshold)
      sink.newline()
    }
  }

  /// The labels are as wide as the longest that the kernel prints.
  private func appendListField(_ name: StaticString, _ value: UInt, to sink: inout TextSink) {
    sink.appendBlanks(14)
    sink.append(name, width: policy.showsListLimits ? 10 : 7, side: .left)
    sink.appendDecimal(value)
    sink.newline()
  }

  /// The most pages that a CPU's list may grow to: its share of an eighth of the zone.
  ///
  /// - Linux: `zone_highsize()` with `MIN_PERCPU_PAGELIST_HIGH_FRACTION`.
  private func highestListLimit(of zone: Zone) -> UInt {
    let lists = allocator.cpuLists[zone.index]
    // An administrator who says how many pages lists may hold fixes both ends.
    guard allocator.reserves.listFraction.load(ordering: .relaxed) == 0 else {
      return lists.highPageCount
    }
    let share = zone.managedPageCount / 8 / UInt(max(subsystem.machine.cpuCount, 1))
    return max(share, lists.batchPageCount &* 4)
  }

  /// How far a CPU's counters may drift before they are added to the zone's.
  ///
  /// - Linux: `calculate_normal_threshold()`.
  private func statisticsThreshold(of zone: Zone) -> UInt {
    let blocks = zone.managedPageCount >> (27 - pageSize.shift)
    let cpuBits = bitWidth(of: UInt(subsystem.machine.cpuCount))
    return min(125, 2 &* cpuBits &* (1 &+ bitWidth(of: blocks)))
  }

  private func bitWidth(of number: UInt) -> UInt {
    UInt(UInt.bitWidth - number.leadingZeroBitCount)
  }

  private func appendEnd(of zone: Zone, to sink: inout TextSink) {
    sink.append("  node_unreclaimable:  0\n  start_pfn:           ")
    sink.appendDecimal(zone.span.lowerBound.rawValue)
    sink.newline()
    if policy.showsListLimits {
      sink.append("  reserved_highatomic: 0\n  free_highatomic:     0\n")
    }
  }
}
