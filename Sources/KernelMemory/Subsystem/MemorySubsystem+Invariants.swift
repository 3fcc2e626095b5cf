// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension MemorySubsystem {
  /// Whatever is wrong with the subsystem; empty if nothing is.
  ///
  /// Layers check themselves; here they are held against each other: the allocator's lists against
  /// its counts, and the page tables, as a walk finds them, against the pools and the counters.
  ///
  /// - Precondition: nobody is at work: pages between two states would be found.
  /// - Complexity: O(*n*) in the places where the smallest huge page can start.
  public func checkInvariants() -> [InvariantViolation] {
    var found = hugeTLB.violations().map {
      InvariantViolation(
        rule: .pool(predicate: $0.predicate), wanted: $0.wanted, found: $0.found)
    }
    let managed = topology.zones.reduce(0) { $0 &+ $1.managedPageCount }
    compare(.managedPages, totals.managedPageCount, managed, &found)
    for zone in topology.zones where zone.isPopulated {
      let lists = allocator.freeLists[zone.index]
      compare(
        .freePages(zone.node, zone.kind), lists.freePageCount.load(ordering: .relaxed),
        listedPageCount(of: lists), &found)
    }
    appendVmemmapViolations(to: &found)
    return found
  }

  private func compare(
    _ rule: InvariantViolation.Rule, _ wanted: UInt, _ value: UInt,
    _ found: inout [InvariantViolation]
  ) {
    guard wanted != value else { return }
    found.append(InvariantViolation(rule: rule, wanted: wanted, found: value))
  }

  /// The pages of a zone's free blocks and whole free sections, isolated ones apart.
  private func listedPageCount(of lists: ZoneFreeLists) -> UInt {
    lists.lock.withLock {
      var pages = UInt(lists.freeSections.population) &* topology.sections.order.pageCount
      for order in 0...allocator.maximumOrder.index {
        for type in MigrateType.allCases {
          pages &+= lists.blockCount(PageOrder(order), type) &* PageOrder(order).pageCount
        }
      }
      return pages
    }
  }

  /// Holds the vmemmap's mappings against what was folded and what was counted.
  ///
  /// - Source: spec 05 sections 3 and 13: each read-only entry maps a page without a frame of its
  ///   own, and all others are counted.
  private func appendVmemmapViolations(to found: inout [InvariantViolation]) {
    let census = vmemmapCensus()
    compare(.savedPages, expectedSavedPageCount(), census.savedPageCount, &found)
    guard kernel.vmemmap.countsVmemmapPages, format.distinguishesReadOnly else { return }
    let mapped =
      census.hugeLeafCount &* (format.pmdByteCount >> format.pageSize.shift) &+ census.entryCount
    let counted = totals.runtimeVmemmapPageCount &+ totals.bootVmemmapPageCount
    compare(
      .vmemmapPages, mapped &- census.readOnlyEntryCount, UInt(bitPattern: counted), &found)
  }

  /// What the folded pages of all pools save.
  ///
  /// Where tails share one frame for each zone and order, that frame is no gain.
  private func expectedSavedPageCount() -> UInt {
    hugeTLB.lock.withLock {
      var saved: UInt = 0
      for pool in hugeTLB.pools {
        var zones: [Bool] = topology.zones.map { _ in false }
        for list in pool.parts.map({ $0.freeList }) + [pool.activeList, pool.deferredList] {
          vmemmap.forEach(in: list) { head in
            guard optimizer.isOptimized(pool.folio(head)) else { return true }
            saved &+= optimizer.savedPageCount(for: pool.order)
            if let zone = topology.zone(of: head) { zones[zone.index] = true }
            return true
          }
        }
        if kernel.vmemmap.tailTarget == .sharedPage { saved &-= UInt(zones.count { $0 }) }
      }
      return saved
    }
  }
}
