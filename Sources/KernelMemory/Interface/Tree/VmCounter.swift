// SPDX-License-Identifier: Apache-2.0

/// A counter of `/proc/vmstat`, `/proc/zoneinfo` and the nodes' `vmstat`.
///
/// Most count what a twin has not, and stay 0; they are there because readers look for them.
struct VmCounter {
  /// Where the number comes from.
  enum Source {
    case nothing
    /// Of zones.
    case freePages, pagesInFreePageblocks, freeContiguousPages
    /// Of nodes.
    case pageTables, pooledPagesInUse, vmallocPages
  }

  let name: StaticString
  let source: Source

  init(_ name: StaticString, _ source: Source = .nothing) {
    self.name = name
    self.source = source
  }
}

extension VmCounter {
  private static func plain(_ names: [StaticString]) -> [Self] { names.map { Self($0) } }

  /// The counters of a zone, in the kernel's order.
  static func zone(_ groups: InterfacePolicy.CounterGroups) -> [Self] {
    var result = [Self("nr_free_pages", .freePages)]
    if groups.contains(.pools) {
      result.append(Self("nr_free_pages_blocks", .pagesInFreePageblocks))
    }
    result += plain([
      "nr_zone_inactive_anon", "nr_zone_active_anon", "nr_zone_inactive_file",
      "nr_zone_active_file", "nr_zone_unevictable", "nr_zone_write_pending", "nr_mlock",
    ])
    if groups.contains(.bounce) { result.append(Self("nr_bounce")) }
    result += [Self("nr_zspages"), Self("nr_free_cma", .freeContiguousPages)]
    if groups.contains(.demotion) { result.append(Self("nr_unaccepted")) }
    return result
  }

  /// The NUMA events of a zone.
  static var numa: [Self] {
    plain([
      "numa_hit", "numa_miss", "numa_foreign", "numa_interleave", "numa_local", "numa_other",
    ])
  }

  /// The counters of a node, in the kernel's order.
  static func node(_ groups: InterfacePolicy.CounterGroups) -> [Self] {
    var result = plain([
      "nr_inactive_anon", "nr_active_anon", "nr_inactive_file", "nr_active_file",
      "nr_unevictable", "nr_slab_reclaimable", "nr_slab_unreclaimable", "nr_isolated_anon",
      "nr_isolated_file", "workingset_nodes", "workingset_refault_anon",
      "workingset_refault_file", "workingset_activate_anon", "workingset_activate_file",
      "workingset_restore_anon", "workingset_restore_file", "workingset_nodereclaim",
      "nr_anon_pages", "nr_mapped", "nr_file_pages", "nr_dirty", "nr_writeback",
    ])
    // Temporary writeback buffers went away with the last user.
    if groups.contains(.bounce) { result.append(Self("nr_writeback_temp")) }
    result += plain([
      "nr_shmem", "nr_shmem_hugepages", "nr_shmem_pmdmapped", "nr_file_hugepages",
      "nr_file_pmdmapped", "nr_anon_transparent_hugepages", "nr_vmscan_write",
      "nr_vmscan_immediate_reclaim", "nr_dirtied", "nr_written",
    ])
    if groups.contains(.promotion) { result.append(Self("nr_throttled_written")) }
    result += plain([
      "nr_kernel_misc_reclaimable", "nr_foll_pin_acquired", "nr_foll_pin_released",
      "nr_kernel_stack",
    ])
    result.append(Self("nr_page_table_pages", .pageTables))
    return result + youngNode(groups)
  }

  /// The counters of a node that came after the page tables.
  private static func youngNode(_ groups: InterfacePolicy.CounterGroups) -> [Self] {
    var result: [Self] = []
    if groups.contains(.promotion) { result.append(Self("nr_sec_page_table_pages")) }
    if groups.contains(.demotion) { result.append(Self("nr_iommu_pages")) }
    result.append(Self("nr_swapcached"))
    if groups.contains(.promotion) {
      result += plain(["pgpromote_success", "pgpromote_candidate"])
    }
    if groups.contains(.demotion) {
      result += plain(["pgdemote_kswapd", "pgdemote_direct", "pgdemote_khugepaged"])
    }
    if groups.contains(.pools) {
      result += [
        Self("pgdemote_proactive"), Self("nr_hugetlb", .pooledPagesInUse),
        Self("nr_balloon_pages"), Self("nr_vmalloc", .vmallocPages),
      ]
    }
    return result
  }
}

extension InterfaceTree {
  /// The value of a zone's counter.
  func value(of source: VmCounter.Source, in zone: Zone) -> UInt {
    switch source {
    case .freePages: freePageCount(of: zone)
    case .pagesInFreePageblocks: pagesInFreePageblocks(of: zone)
    case .freeContiguousPages: freeContiguousPageCount(of: zone)
    case .nothing, .pageTables, .pooledPagesInUse, .vmallocPages: 0
    }
  }

  /// The value of a node's counter.
  func value(of source: VmCounter.Source, onNode position: Int) -> UInt {
    switch source {
    case .pageTables: countedTablePages(ofNode: position)
    case .pooledPagesInUse: pooledPagesInUse(onNode: position)
    case .vmallocPages: subsystem.vmalloc.ownedPageCount(on: topology.nodes[position].id)
    case .nothing, .freePages, .pagesInFreePageblocks, .freeContiguousPages: 0
    }
  }

  /// The base pages of pools' pages on a node that somebody uses.
  private func pooledPagesInUse(onNode position: Int) -> UInt {
    hugeTLB.lock.withLock {
      hugeTLB.pools.reduce(0) { sum, pool in
        let counts = pool.parts[position].counts
        return sum &+ (counts.pageCount &- counts.freePageCount) &* pool.order.pageCount
      }
    }
  }

  /// The pages of a zone in free blocks of at least a pageblock.
  private func pagesInFreePageblocks(of zone: Zone) -> UInt {
    let lists = lists(of: zone)
    return lists.lock.withLock {
      var pages = UInt(lists.freeSections.population) &* topology.sections.order.pageCount
      for order in allocator.pageblockOrder.index...allocator.maximumOrder.index {
        for type in MigrateType.allCases {
          pages &+= lists.blockCount(PageOrder(order), type) &* PageOrder(order).pageCount
        }
      }
      return pages
    }
  }
}
