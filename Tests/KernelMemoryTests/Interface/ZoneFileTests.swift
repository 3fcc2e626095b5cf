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

@Suite struct `The files of free blocks` {
  @Test func `buddyinfo counts blocks of each order`() throws {
    let text = [
      "Node 0, zone      DMA      0      0      0      0      0      0      0      0      1      1      3 ",
      "Node 0, zone    DMA32      1      0      1      1      1      1      1      1      1      1    247 ",
    ]
    #expect(try FileHost().text("/proc/buddyinfo") == text.joined(separator: "\n") + "\n")
  }

  @Test func `pagetypeinfo counts them by type`() throws {
    let text = [
      "Page block order: 9",
      "Pages per block:  512",
      "",
      "Free pages count per migrate type at order       0      1      2      3      4      5      6      7      8      9     10 ",
      "Node    0, zone      DMA, type    Unmovable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type      Movable      0      0      0      0      0      0      0      0      1      1      3 ",
      "Node    0, zone      DMA, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type          CMA      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone      DMA, type      Isolate      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type    Unmovable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type      Movable      1      0      1      1      1      1      1      1      1      1    247 ",
      "Node    0, zone    DMA32, type  Reclaimable      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type   HighAtomic      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type          CMA      0      0      0      0      0      0      0      0      0      0      0 ",
      "Node    0, zone    DMA32, type      Isolate      0      0      0      0      0      0      0      0      0      0      0 ",
      "",
      "Number of blocks type     Unmovable      Movable  Reclaimable   HighAtomic          CMA      Isolate ",
      "Node 0, zone      DMA            0            8            0            0            0            0 ",
      "Node 0, zone    DMA32            0          504            0            0            0            0 ",
    ]
    #expect(try FileHost().text("/proc/pagetypeinfo") == text.joined(separator: "\n") + "\n")
  }

  @Test func `kernels without contiguous areas have no column for them`() throws {
    let files = try FileHost(kernel: .linux6_12)
    #expect(try files.lines("/proc/pagetypeinfo", with: "CMA").isEmpty)
    #expect(try files.lines("/proc/pagetypeinfo", with: "Isolate").count == 3)
  }

  @Test func `every node with memory has its report`() throws {
    let files = try FileHost(nodes: 2)
    #expect(try files.lines("/proc/pagetypeinfo", with: "Page block order: 9").count == 2)
  }

  /// P-UI 11.
  @Test(arguments: ["0", "1", "37", "100"])
  func `blocks add up to the free pages of zones`(count: String) throws {
    let files = try FileHost(memory: 6 << 30, commandLine: "hugetlb_free_vmemmap=on")
    #expect(files.writing(count, "/proc/sys/vm/nr_hugepages") == "\(count.utf8.count)")
    let free = try files.lines("/proc/zoneinfo", with: "pages free").filter { !$0.hasSuffix(" 0") }
    let lines = try files.text("/proc/buddyinfo").split(separator: "\n")
    #expect(free.count == lines.count)
    for (zone, line) in zip(free, lines) {
      let counts = line.split(separator: " ").suffix(11).compactMap { UInt($0) }
      let pages = counts.enumerated().reduce(UInt(0)) { $0 + $1.element << UInt($1.offset) }
      #expect(zone == "  pages free     \(pages)")
    }
  }
}

@Suite struct `The file vmstat` {
  @Test func `Linux 6.12 has these counters in this order`() throws {
    let names = """
      nr_free_pages nr_zone_inactive_anon nr_zone_active_anon nr_zone_inactive_file
      nr_zone_active_file nr_zone_unevictable nr_zone_write_pending nr_mlock nr_bounce
      nr_zspages nr_free_cma nr_unaccepted numa_hit numa_miss numa_foreign
      numa_interleave numa_local numa_other nr_inactive_anon nr_active_anon
      nr_inactive_file nr_active_file nr_unevictable nr_slab_reclaimable
      nr_slab_unreclaimable nr_isolated_anon nr_isolated_file workingset_nodes
      workingset_refault_anon workingset_refault_file workingset_activate_anon
      workingset_activate_file workingset_restore_anon workingset_restore_file
      workingset_nodereclaim nr_anon_pages nr_mapped nr_file_pages nr_dirty
      nr_writeback nr_writeback_temp nr_shmem nr_shmem_hugepages nr_shmem_pmdmapped
      nr_file_hugepages nr_file_pmdmapped nr_anon_transparent_hugepages
      nr_vmscan_write nr_vmscan_immediate_reclaim nr_dirtied nr_written
      nr_throttled_written nr_kernel_misc_reclaimable nr_foll_pin_acquired
      nr_foll_pin_released nr_kernel_stack nr_page_table_pages nr_sec_page_table_pages
      nr_iommu_pages nr_swapcached pgpromote_success pgpromote_candidate
      pgdemote_kswapd pgdemote_direct pgdemote_khugepaged nr_dirty_threshold
      nr_dirty_background_threshold nr_memmap_pages nr_memmap_boot_pages pgfree
      htlb_buddy_alloc_success htlb_buddy_alloc_fail nr_unstable
      """
    let text = try FileHost(kernel: .linux6_12).text("/proc/vmstat")
    let found = text.split(separator: "\n").compactMap { $0.split(separator: " ").first }
    #expect(found == names.split { $0 == " " || $0 == "\n" })
  }

  @Test func `Linux 6.1 does not count vmemmap pages`() throws {
    let files = try FileHost(kernel: .linux6_1)
    #expect(try files.lines("/proc/vmstat", with: "nr_memmap").isEmpty)
    #expect(try files.lines("/proc/vmstat", with: "nr_bounce") == ["nr_bounce 0"])
  }

  @Test func `folding moves vmemmap pages from one counter to the other`() throws {
    let files = try FileHost(memory: 3 << 30, commandLine: "hugetlb_free_vmemmap=on")
    #expect(
      try files.lines("/proc/vmstat", with: "nr_memmap") == [
        "nr_memmap_pages 0", "nr_memmap_boot_pages 12288",
      ])
    #expect(files.writing("32", "/proc/sys/vm/nr_hugepages") == "2")
    #expect(
      try files.lines("/proc/vmstat", with: "nr_memmap") == [
        "nr_memmap_pages 32", "nr_memmap_boot_pages 12032",
      ])
    #expect(
      try files.lines("/proc/vmstat", with: "htlb_") == [
        "htlb_buddy_alloc_success 32", "htlb_buddy_alloc_fail 0",
      ])
  }

  @Test func `nodes add up to the whole`() throws {
    let files = try FileHost(nodes: 2)
    let parts = try (0..<2).flatMap {
      try files.lines("/sys/devices/system/node/node\($0)/vmstat", with: "nr_free_pages ")
    }
    let sum = parts.compactMap { $0.split(separator: " ").last.flatMap { UInt($0) } }.reduce(0, +)
    #expect(try files.lines("/proc/vmstat", with: "nr_free_pages ") == ["nr_free_pages \(sum)"])
    #expect(try files.lines("/sys/devices/system/node/node0/vmstat", with: "memmap").isEmpty)
  }
}
