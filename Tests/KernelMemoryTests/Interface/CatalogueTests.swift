// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `The catalogue of files` {
  /// What `find -printf '%m %s %p'` would say, without numbers that stand for any node, block or CPU.
  private func catalogue(_ files: FileHost) throws -> [String] {
    try files.listing().filter { path, _ in
      !["node1", "memory1", "cpu1", "-1048576kB"].contains { path.contains($0) }
    }.map { path, attributes in
      switch attributes.kind {
      case .directory: "d \(path)"
      case .link: "l \(path)"
      case .file: "\(String(attributes.mode, radix: 8)) \(attributes.byteCount) \(path)"
      }
    }.sorted()
  }

  private let expected = """
    200 0 /proc/sys/vm/compact_memory
    200 4096 /sys/bus/dax/drivers/device_dax/bind
    200 4096 /sys/bus/dax/drivers/device_dax/new_id
    200 4096 /sys/bus/dax/drivers/device_dax/remove_id
    200 4096 /sys/bus/dax/drivers/device_dax/unbind
    200 4096 /sys/bus/dax/drivers/fsdev_dax/bind
    200 4096 /sys/bus/dax/drivers/fsdev_dax/new_id
    200 4096 /sys/bus/dax/drivers/fsdev_dax/remove_id
    200 4096 /sys/bus/dax/drivers/fsdev_dax/unbind
    200 4096 /sys/bus/dax/drivers/kmem/bind
    200 4096 /sys/bus/dax/drivers/kmem/new_id
    200 4096 /sys/bus/dax/drivers/kmem/remove_id
    200 4096 /sys/bus/dax/drivers/kmem/unbind
    200 4096 /sys/devices/system/memory/probe
    200 4096 /sys/devices/system/node/node0/compact
    200 4096 /sys/devices/system/node/node0/reclaim
    400 0 /proc/kpagecgroup
    400 0 /proc/kpagecount
    400 0 /proc/kpageflags
    400 0 /proc/pagetypeinfo
    400 0 /proc/vmallocinfo
    444 0 /proc/buddyinfo
    444 0 /proc/cmdline
    444 0 /proc/iomem
    444 0 /proc/meminfo
    444 0 /proc/vmstat
    444 0 /proc/zoneinfo
    444 28672 /sys/devices/system/node/node0/cpulist
    444 4096 /sys/devices/system/cpu/online
    444 4096 /sys/devices/system/cpu/possible
    444 4096 /sys/devices/system/cpu/present
    444 4096 /sys/devices/system/memory/block_size_bytes
    444 4096 /sys/devices/system/memory/crash_hotplug
    444 4096 /sys/devices/system/memory/memory0/phys_device
    444 4096 /sys/devices/system/memory/memory0/phys_index
    444 4096 /sys/devices/system/memory/memory0/removable
    444 4096 /sys/devices/system/memory/memory0/valid_zones
    444 4096 /sys/devices/system/node/has_cpu
    444 4096 /sys/devices/system/node/has_generic_initiator
    444 4096 /sys/devices/system/node/has_memory
    444 4096 /sys/devices/system/node/has_normal_memory
    444 4096 /sys/devices/system/node/node0/cpumap
    444 4096 /sys/devices/system/node/node0/distance
    444 4096 /sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages
    444 4096 /sys/devices/system/node/node0/hugepages/hugepages-2048kB/surplus_hugepages
    444 4096 /sys/devices/system/node/node0/meminfo
    444 4096 /sys/devices/system/node/node0/numastat
    444 4096 /sys/devices/system/node/node0/vmstat
    444 4096 /sys/devices/system/node/online
    444 4096 /sys/devices/system/node/possible
    444 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages
    444 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages
    444 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/surplus_hugepages
    444 4096 /sys/module/memory_hotplug/parameters/memmap_on_memory
    644 0 /proc/sys/vm/hugetlb_optimize_vmemmap
    644 0 /proc/sys/vm/hugetlb_shm_group
    644 0 /proc/sys/vm/lowmem_reserve_ratio
    644 0 /proc/sys/vm/min_free_kbytes
    644 0 /proc/sys/vm/movable_gigantic_pages
    644 0 /proc/sys/vm/nr_hugepages
    644 0 /proc/sys/vm/nr_hugepages_mempolicy
    644 0 /proc/sys/vm/nr_overcommit_hugepages
    644 0 /proc/sys/vm/percpu_pagelist_high_fraction
    644 0 /proc/sys/vm/watermark_scale_factor
    644 4096 /sys/devices/system/memory/auto_online_blocks
    644 4096 /sys/devices/system/memory/memory0/online
    644 4096 /sys/devices/system/memory/memory0/state
    644 4096 /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages
    644 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
    644 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages_mempolicy
    644 4096 /sys/kernel/mm/hugepages/hugepages-2048kB/nr_overcommit_hugepages
    644 4096 /sys/module/memory_hotplug/parameters/auto_movable_numa_aware
    644 4096 /sys/module/memory_hotplug/parameters/auto_movable_ratio
    644 4096 /sys/module/memory_hotplug/parameters/online_policy
    d /proc
    d /proc/sys
    d /proc/sys/vm
    d /sys
    d /sys/bus
    d /sys/bus/dax
    d /sys/bus/dax/devices
    d /sys/bus/dax/drivers
    d /sys/bus/dax/drivers/device_dax
    d /sys/bus/dax/drivers/fsdev_dax
    d /sys/bus/dax/drivers/kmem
    d /sys/bus/memory
    d /sys/bus/memory/devices
    d /sys/devices
    d /sys/devices/platform
    d /sys/devices/system
    d /sys/devices/system/cpu
    d /sys/devices/system/cpu/cpu0
    d /sys/devices/system/memory
    d /sys/devices/system/memory/memory0
    d /sys/devices/system/node
    d /sys/devices/system/node/node0
    d /sys/devices/system/node/node0/hugepages
    d /sys/devices/system/node/node0/hugepages/hugepages-2048kB
    d /sys/kernel
    d /sys/kernel/mm
    d /sys/kernel/mm/hugepages
    d /sys/kernel/mm/hugepages/hugepages-2048kB
    d /sys/module
    d /sys/module/memory_hotplug
    d /sys/module/memory_hotplug/parameters
    l /sys/bus/memory/devices/memory0
    l /sys/devices/system/cpu/cpu0/node0
    l /sys/devices/system/memory/memory0/node0
    l /sys/devices/system/node/node0/cpu0
    l /sys/devices/system/node/node0/memory0
    """.split(separator: "\n").map(String.init)

  /// Files of the catalogue that a kernel does not have.
  /// Files of the catalogue that a kernel does not have.
  private let missing: [String: [String]] = [
    "5.14": [
      "movable_gigantic_pages", "crash_hotplug", "reclaim", "hugetlb_optimize_vmemmap", "probe",
      "auto_movable_numa_aware", "auto_movable_ratio", "online_policy",
    ],
    "6.1": ["movable_gigantic_pages", "crash_hotplug", "reclaim", "probe"],
    "6.12": ["movable_gigantic_pages", "reclaim", "probe"], "7.2": ["probe"], "unified": [],
  ]

  @Test(arguments: kernelNames)
  func `every kernel has its files, with their modes and sizes`(name: String) throws {
    let files = try FileHost(memory: 256 << 20, nodes: 2, kernel: kernel(name), cpus: 2)
    let absent = try #require(missing[name])
    let hasFileSystemDriver = try kernel(name).devices.hasFileSystemDriver
    #expect(
      try catalogue(files)
        == expected.filter { line in
          !absent.contains { line.hasSuffix("/" + $0) }
            && (hasFileSystemDriver || !line.contains("/fsdev_dax"))
        })
  }

  @Test func `gigantic pools have two files more`() throws {
    let names = try FileHost(memory: 256 << 20).names(
      "/sys/kernel/mm/hugepages/hugepages-1048576kB")
    #expect(
      names == [
        "demote", "demote_size", "free_hugepages", "nr_hugepages", "nr_hugepages_mempolicy",
        "nr_overcommit_hugepages", "resv_hugepages", "surplus_hugepages",
      ])
    let node = try FileHost(memory: 256 << 20).names(
      "/sys/devices/system/node/node0/hugepages/hugepages-1048576kB")
    #expect(
      node == ["demote", "demote_size", "free_hugepages", "nr_hugepages", "surplus_hugepages"])
  }

  /// P-UI 12.
  @Test(arguments: ["6.1", "6.12", "7.2"])
  func `types of blocks add up to free blocks, with a contiguous area too`(name: String) throws {
    let files = try FileHost(
      memory: 4 << 30, kernel: kernel(name), commandLine: "hugetlb_cma=1G hugepages=9")
    func numbers(_ line: String, from label: String) -> [Int] {
      let words = line.split(separator: " ")
      let start = words.firstIndex { $0 == label } ?? words.endIndex
      return words[start...].dropFirst(2).compactMap { Int($0) }
    }
    let blocks = try files.lines("/proc/buddyinfo", with: "Node").map { line in
      line.split(separator: " ").dropFirst(4).compactMap { Int($0) }
    }
    let rows = try files.lines("/proc/pagetypeinfo", with: ", type ")
    let types = rows.count / blocks.count
    #expect(types == 6)
    for (zone, counts) in blocks.enumerated() {
      var sums = Array(repeating: 0, count: counts.count)
      for row in rows[(zone * types)..<((zone + 1) * types)] {
        for (order, count) in numbers(row, from: "type").enumerated() { sums[order] += count }
      }
      #expect(sums == counts)
    }
    #expect(
      try files.lines("/proc/meminfo", with: "CmaTotal") == ["CmaTotal:        1048576 kB"])
  }
}
