// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Blocks that come and go while everybody else is at work.
@Suite struct `Memory blocks with many users` {
  @Test(arguments: NamedKernel.all)
  func `processors that plug, fold, map and read at once leave a sound machine`(
    kernel: NamedKernel
  ) throws {
    let host = try HotplugHost(
      kernel.design, memory: 512 << 20, cpus: 6,
      commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=Y", threading: .many)
    let surprises = Tally()
    let onlined = Tally()
    let offlined = Tally()
    let hotplug = host.hotplug
    let group = try hotplug.makeGroup(on: host.node, unitPageCount: 1 << 15)
    // Two processors have blocks of their own, which nobody else touches; so what they ask for must
    // succeed, but for going offline, which others' pages may prevent.
    @Sendable func cycle(
      _ round: Int, from offset: UInt, _ options: AddOptions, _ types: [OnlineType],
      _ group: MemoryGroupID?
    ) {
      let place = offset + UInt(round % 2)
      let number = host.first + place
      if hotplug.blocks[number] == nil {
        let result: Void? = try? hotplug.add(
          host.range(1, from: place), to: host.node, options, group: group)
        // Others may have all memory at this moment.
        if result == nil { return }
      }
      if hotplug.blocks[number]?.state == .offline {
        let type = types[round % types.count]
        if (try? hotplug.online(number, as: type)) == nil {
          surprises.add(1)
        } else {
          onlined.add(1)
        }
      }
      guard (try? hotplug.offline(number)) != nil else { return }
      offlined.add(1)
      if (try? hotplug.remove(host.range(1, from: place))) == nil { surprises.add(1) }
    }
    let work: [@Sendable (Int) -> Void] = [
      { round in cycle(round, from: 0, [], [.onlineMovable], group) },
      { round in
        cycle(round, from: 4, [.memmapOnMemory], [.onlineMovable, .onlineKernel, .online], nil)
      },
      { round in
        host.pool.resize(to: UInt(round * 37 % 180))
        if round % 5 == 0 { host.subsystem.hugeTLB.pools[1].resize(to: 1) }
      },
      { round in
        let process = SimulatedProcess(of: host.subsystem)
        _ = process.takePages(UInt(300 + round * 10), on: host.node)
        let kernel = SimulatedProcess(of: host.subsystem)
        _ = kernel.takeKernelPages(200, on: host.node)
        if let mapping = try? process.mapHugePages(UInt(round % 9), of: 2 << 20, .unreserved) {
          try? process.touch(mapping)
        }
      },
      { round in
        let size = UInt(1) << UInt(12 + round % 10)
        let areas = (0..<4).compactMap { index in
          try? host.subsystem.vmalloc.allocate(
            VmallocRequest(
              byteCount: size << UInt(index),
              mapping: index % 2 == 0 ? .largestThatFits : .basePages))
        }
        for area in areas where (try? host.subsystem.vmalloc.free(at: area.start)) == nil {
          surprises.add(1)
        }
      },
      { round in
        for path in [
          host.path(UInt(round % 8), "valid_zones"), host.path(UInt(round % 8), "state"),
          "/proc/iomem", "/proc/zoneinfo", "/proc/meminfo", "/proc/pagetypeinfo", "/proc/buddyinfo",
          "/proc/vmstat",
          "/sys/devices/system/node/node0/meminfo", "/sys/devices/system/node/has_memory",
        ] { _ = host.read(path) }
        let policy = round % 2 == 0 ? "auto-movable" : "contig-zones"
        _ = host.write(policy, "/sys/module/memory_hotplug/parameters/online_policy")
        if let group = try? hotplug.makeGroup(on: host.node, pageCount: 1 << 15),
          (try? hotplug.removeGroup(group)) == nil
        {
          surprises.add(1)
        }
      },
    ]
    withThreads(on: host.host.machine, cpus: 0..<work.count) { cpu in
      for round in 0..<12 { work[cpu.index](round) }
    }
    host.pool.releaseDeferredPages()
    #expect(surprises.total == 0)
    #expect(onlined.total > 0)
    #expect(host.complaints == [])
    host.pool.resize(to: 0)
    host.subsystem.hugeTLB.pools[1].resize(to: 0)
    host.subsystem.vmalloc.purge()
    #expect(host.complaints == [])
  }

  /// Everybody wants the same blocks: whatever each is told, the blocks are sound.
  @Test(arguments: NamedKernel.all)
  func `processors that want the same blocks leave them sound`(kernel: NamedKernel) throws {
    let host = try HotplugHost(
      kernel.design, memory: 512 << 20, cpus: 4,
      commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=Y", threading: .many)
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    withThreads(on: host.host.machine, cpus: 0..<4) { cpu in
      for round in 0..<30 {
        let offset = UInt((round + cpu.index) % 3)
        let number = host.first + offset
        try? host.hotplug.add(
          host.range(1, from: offset), to: host.node, round % 2 == 0 ? [.memmapOnMemory] : [])
        try? host.hotplug.online(number, as: .onlineMovable)
        try? host.hotplug.offline(number)
        if round % 3 == 0 { try? host.hotplug.remove(host.range(1, from: offset)) }
      }
    }
    #expect(host.complaints == [])
    for block in host.hotplug.blocks.all where !block.isEarly {
      if block.state == .online { try host.hotplug.offline(block.number) }
      try host.hotplug.remove(host.range(1, from: block.number - host.first))
    }
    #expect(host.complaints == [])
    let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
  }
}
