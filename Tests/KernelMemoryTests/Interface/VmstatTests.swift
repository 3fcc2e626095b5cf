// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

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
