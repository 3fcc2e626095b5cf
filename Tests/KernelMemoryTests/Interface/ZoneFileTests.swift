// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `The file zoneinfo` {
  @Test func `Linux 6.12 shows five zones`() throws {
    let text = """
      Node 0, zone      DMA
        per-node stats
            nr_inactive_anon 0
            nr_active_anon 0
            nr_inactive_file 0
            nr_active_file 0
            nr_unevictable 0
            nr_slab_reclaimable 0
            nr_slab_unreclaimable 0
            nr_isolated_anon 0
            nr_isolated_file 0
            workingset_nodes 0
            workingset_refault_anon 0
            workingset_refault_file 0
            workingset_activate_anon 0
            workingset_activate_file 0
            workingset_restore_anon 0
            workingset_restore_file 0
            workingset_nodereclaim 0
            nr_anon_pages 0
            nr_mapped    0
            nr_file_pages 0
            nr_dirty     0
            nr_writeback 0
            nr_writeback_temp 0
            nr_shmem     0
            nr_shmem_hugepages 0
            nr_shmem_pmdmapped 0
            nr_file_hugepages 0
            nr_file_pmdmapped 0
            nr_anon_transparent_hugepages 0
            nr_vmscan_write 0
            nr_vmscan_immediate_reclaim 0
            nr_dirtied   0
            nr_written   0
            nr_throttled_written 0
            nr_kernel_misc_reclaimable 0
            nr_foll_pin_acquired 0
            nr_foll_pin_released 0
            nr_kernel_stack 0
            nr_page_table_pages 0
            nr_sec_page_table_pages 0
            nr_iommu_pages 0
            nr_swapcached 0
            pgpromote_success 0
            pgpromote_candidate 0
            pgdemote_kswapd 0
            pgdemote_direct 0
            pgdemote_khugepaged 0
        pages free     3840
              boost    0
              min      167
              low      208
              high     249
              promo    290
              spanned  4095
              present  3998
              managed  3840
              cma      0
              protection: (0, 991, 991, 991, 991)
            nr_free_pages 3840
            nr_zone_inactive_anon 0
            nr_zone_active_anon 0
            nr_zone_inactive_file 0
            nr_zone_active_file 0
            nr_zone_unevictable 0
            nr_zone_write_pending 0
            nr_mlock     0
            nr_bounce    0
            nr_zspages   0
            nr_free_cma  0
            nr_unaccepted 0
            numa_hit     0
            numa_miss    0
            numa_foreign 0
            numa_interleave 0
            numa_local   0
            numa_other   0
        pagesets
          cpu: 0
                    count: 0
                    high:  208
                    batch: 1
        vm stats threshold: 2
        node_unreclaimable:  0
        start_pfn:           1
      Node 0, zone    DMA32
        pages free     253949
              boost    0
              min      11096
              low      13870
              high     16644
              promo    19418
              spanned  258048
              present  258048
              managed  253949
              cma      0
              protection: (0, 0, 0, 0, 0)
            nr_free_pages 253949
            nr_zone_inactive_anon 0
            nr_zone_active_anon 0
            nr_zone_inactive_file 0
            nr_zone_active_file 0
            nr_zone_unevictable 0
            nr_zone_write_pending 0
            nr_mlock     0
            nr_bounce    0
            nr_zspages   0
            nr_free_cma  0
            nr_unaccepted 0
            numa_hit     0
            numa_miss    0
            numa_foreign 0
            numa_interleave 0
            numa_local   0
            numa_other   0
        pagesets
          cpu: 0
                    count: 0
                    high:  13870
                    batch: 63
        vm stats threshold: 8
        node_unreclaimable:  0
        start_pfn:           4096
      Node 0, zone   Normal
        pages free     0
              boost    0
              min      0
              low      0
              high     0
              promo    0
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)
      Node 0, zone  Movable
        pages free     0
              boost    0
              min      32
              low      32
              high     32
              promo    32
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)
      Node 0, zone   Device
        pages free     0
              boost    0
              min      0
              low      0
              high     0
              promo    0
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)

      """
    #expect(try FileHost(kernel: .linux6_12).text("/proc/zoneinfo") == text)
  }

  @Test func `Linux 7.2 tells more of each CPU's list`() throws {
    let text = """
        pages free     3840
              boost    0
              min      167
              low      208
              high     249
              promo    290
              spanned  4095
              present  3998
              managed  3840
              cma      0
              protection: (0, 991, 991, 991, 991)
            nr_free_pages 3840
            nr_free_pages_blocks 3584
            nr_zone_inactive_anon 0
            nr_zone_active_anon 0
            nr_zone_inactive_file 0
            nr_zone_active_file 0
            nr_zone_unevictable 0
            nr_zone_write_pending 0
            nr_mlock     0
            nr_zspages   0
            nr_free_cma  0
            nr_unaccepted 0
            numa_hit     0
            numa_miss    0
            numa_foreign 0
            numa_interleave 0
            numa_local   0
            numa_other   0
        pagesets
          cpu: 0
                    count:    0
                    high:     104
                    batch:    1
                    high_min: 104
                    high_max: 240
        vm stats threshold: 4
          cpu: 1
                    count:    0
                    high:     104
                    batch:    1
                    high_min: 104
                    high_max: 240
        vm stats threshold: 4
        node_unreclaimable:  0
        start_pfn:           1
        reserved_highatomic: 0
        free_highatomic:     0
      Node 0, zone    DMA32
        pages free     253949
              boost    0
              min      11096
              low      13870
              high     16644
              promo    19418
              spanned  258048
              present  258048
              managed  253949
              cma      0
              protection: (0, 0, 0, 0, 0)
            nr_free_pages 253949
            nr_free_pages_blocks 253440
            nr_zone_inactive_anon 0
            nr_zone_active_anon 0
            nr_zone_inactive_file 0
            nr_zone_active_file 0
            nr_zone_unevictable 0
            nr_zone_write_pending 0
            nr_mlock     0
            nr_zspages   0
            nr_free_cma  0
            nr_unaccepted 0
            numa_hit     0
            numa_miss    0
            numa_foreign 0
            numa_interleave 0
            numa_local   0
            numa_other   0
        pagesets
          cpu: 0
                    count:    0
                    high:     6935
                    batch:    63
                    high_min: 6935
                    high_max: 15871
        vm stats threshold: 16
          cpu: 1
                    count:    0
                    high:     6935
                    batch:    63
                    high_min: 6935
                    high_max: 15871
        vm stats threshold: 16
        node_unreclaimable:  0
        start_pfn:           4096
        reserved_highatomic: 0
        free_highatomic:     0
      Node 0, zone   Normal
        pages free     0
              boost    0
              min      0
              low      0
              high     0
              promo    0
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)
      Node 0, zone  Movable
        pages free     0
              boost    0
              min      32
              low      32
              high     32
              promo    32
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)
      Node 0, zone   Device
        pages free     0
              boost    0
              min      0
              low      0
              high     0
              promo    0
              spanned  0
              present  0
              managed  0
              cma      0
              protection: (0, 0, 0, 0, 0)

      """
    let whole = try FileHost(cpus: 2).text("/proc/zoneinfo")
    #expect(whole.hasPrefix("Node 0, zone      DMA\n  per-node stats\n      nr_inactive_anon 0\n"))
    #expect(whole.hasSuffix(text))
  }

  @Test func `Linux 6.1 has no mark for promotion`() throws {
    let files = try FileHost(kernel: .linux6_1)
    #expect(try files.lines("/proc/zoneinfo", with: "promo ").isEmpty)
  }

  /// P-UI 13.
  @Test(arguments: kernelNames)
  func `every node shows all zones, and its own counters once`(name: String) throws {
    let files = try FileHost(memory: 8 << 30, nodes: 3, kernel: kernel(name))
    #expect(try files.lines("/proc/zoneinfo", with: "Node").count == 15)
    #expect(try files.lines("/proc/zoneinfo", with: "per-node stats").count == 3)
    #expect(try files.lines("/proc/zoneinfo", with: "protection:").count == 15)
    #expect(try files.lines("/proc/zoneinfo", with: "zone   Device").count == 3)
  }

  /// P-UI 10.
  @Test func `managed pages add up to MemTotal`() throws {
    let files = try FileHost(memory: 8 << 30, nodes: 2)
    let managed = try files.lines("/proc/zoneinfo", with: "managed")
      .compactMap { $0.split(separator: " ").last.flatMap { UInt($0) } }
    #expect(managed.reduce(0, +) == files.host.subsystem.totals.managedPageCount)
  }
}
