// SPDX-License-Identifier: Apache-2.0

import LinuxHost
import Testing

@Suite struct `A server with two nodes, read as root` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "server-2-nodes").read() }

  @Test func `names its kernel, architecture and page size`() {
    #expect(host.architecture == "x86_64")
    #expect(host.pageSize == 4096)
    #expect(host.kernelRelease == "6.12.95-amd64")
    #expect(host.kernelVersion == .init(6, 12))
    #expect(host.commandLine?.hasSuffix("hugepages=4096") == true)
  }

  @Test func `takes the memory map from iomem, without device windows`() {
    #expect(host.provenance(of: .memoryMap)?.sources == ["/proc/iomem"])
    #expect(
      host.memoryMap == [
        .init(start: 0, end: 0x1000, kind: .reserved),
        .init(start: 0x1000, end: 0x9fc00, kind: .usable),
        .init(start: 0x9fc00, end: 0x10_0000, kind: .reserved),
        .init(start: 0x10_0000, end: 0x7ffe_0000, kind: .usable),
        .init(start: 0x7ffe_0000, end: 0x8000_0000, kind: .firmwareTables),
        .init(start: 4.gigabytes, end: 66.gigabytes, kind: .usable),
      ])
  }

  @Test func `gives each node the memory of its blocks`() {
    #expect(host.memoryBlocks?.blockBytes == 2.gigabytes)
    #expect(host.memoryBlocks?.blocks.count == 32)
    #expect(
      host.nodes[0].memory == [
        0x1000..<0x9fc00, 0x10_0000..<0x7ffe_0000, 4.gigabytes..<34.gigabytes,
      ])
    #expect(host.nodes[1].memory == [34.gigabytes..<66.gigabytes])
    #expect(host.nodes.map(\.memoryBytes).reduce(0, +) == host.onlineMemoryBytes)
  }

  @Test func `knows processors, distances and free memory of each node`() {
    #expect(host.nodes.map(\.processors) == [[0, 1, 2, 3], [4, 5, 6, 7]])
    #expect(host.nodes.map(\.distances) == [[10, 21], [21, 10]])
    #expect(host.nodes[1].free == 19_600_000.kilobytes)
    #expect(host.nodes[0].hugePages[0].total == 2048)
    #expect(host.nodes[0].hugePages[1].total == 2)
    #expect(host.nodes[1].hugePages[1].free == 0)
  }

  @Test func `lists populated zones only`() {
    #expect(host.zones.map(\.name) == ["DMA", "DMA32", "Normal", "Normal"])
    #expect(host.zones.map(\.node) == [0, 0, 0, 1])
    #expect(host.zones[3].startFrame == 34.gigabytes / 4096)
    #expect(host.zones[3].freePages == 4_900_000)
  }

  @Test func `counts the pools of both sizes`() {
    #expect(host.hugePages.map(\.pageBytes) == [2.megabytes, 1.gigabytes])
    #expect(host.hugePages.map(\.isDefault) == [true, false])
    let pool = host.hugePages[0]
    #expect(pool.total == 4096 && pool.free == 4000 && pool.reserved == 16)
    #expect(pool.surplus == 0 && pool.overcommit == 8)
    #expect(host.memory.hugeTLB == 10.gigabytes)
  }

  @Test func `knows the direct map, the page tables and the vmemmap counters`() {
    #expect(host.memory.directMap.map(\.pageBytes) == [4.kilobytes, 2.megabytes, 1.gigabytes])
    #expect(host.processors.hasFiveLevelPaging == true)
    #expect(host.processors.hasGigabytePages == true)
    #expect(host.processors.physicalAddressBits == 52)
    #expect(host.vmemmapPages.runTime == 12)
    #expect(host.vmemmapPages.boot == 262_144)
  }

  @Test func `can switch HVO on at run time`() {
    #expect(host.hvo.state == .off)
    #expect(host.hvo.reason == .knob)
    #expect(host.hvo.canSwitchAtRunTime)
    #expect(host.hvo.isConfigured == true)
    #expect(host.hvo.isDefaultOn == false)
    #expect(host.memmapOnMemory == .off)
  }

  @Test func `leaves nothing to note`() { #expect(host.notes.isEmpty) }
}

@Suite struct `A laptop read without root rights` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "laptop-without-root").read() }

  @Test func `makes its memory map of blocks and says why`() {
    #expect(host.provenance(of: .memoryMap)?.confidence == .derived)
    #expect(
      host.memoryMap == [
        .init(start: 0, end: 3.gigabytes, kind: .usable),
        .init(start: 4.gigabytes, end: 5.gigabytes, kind: .usable),
      ])
    #expect(host.notes("no addresses without root rights", about: "/proc/iomem"))
  }

  @Test func `has one node with everything`() {
    #expect(host.nodes.count == 1)
    #expect(host.nodes[0].memoryBytes == 4.gigabytes)
    #expect(host.nodes[0].processors == [0, 1, 2, 3])
  }

  @Test func `lacks what its processors and its kernel lack`() {
    #expect(host.processors.hasGigabytePages == false)
    #expect(host.processors.hasFiveLevelPaging == false)
    #expect(host.vmemmapPages.boot == nil)
    #expect(host.memmapOnMemory == nil)
    #expect(host.hugePages.map(\.pageBytes) == [2.megabytes])
  }
}

@Suite struct `A host with a memoryless node` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "memoryless-node").read() }

  @Test func `keeps the node, with its processors and no memory`() {
    #expect(host.nodes.map(\.isMemoryless) == [true, false])
    #expect(host.nodes[0].processors == [0, 1])
    #expect(host.nodes[0].total == 0)
    #expect(host.nodes[0].distances == [10, 20])
  }

  @Test func `takes the memory map from the firmware and nodes from the zones`() {
    #expect(host.provenance(of: .memoryMap)?.sources == ["/sys/firmware/memmap"])
    #expect(host.provenance(of: .nodeMemory)?.sources == ["/proc/zoneinfo"])
    #expect(host.nodes[1].memory.last == 4.gigabytes..<6.gigabytes)
    #expect(host.memoryMap[1] == .init(start: 0x9fc00, end: 0xa0000, kind: .reserved))
    #expect(host.memoryBlocks == nil)
  }

  @Test func `has HVO on since boot`() {
    #expect(host.hvo.state == .on)
    #expect(host.hvo.bootParameter == "on")
    #expect(host.memmapOnMemory == .force)
  }
}

@Suite struct `A container that shows only meminfo` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "container").read() }

  @Test func `has an invented memory map with room for what the allocator manages`() {
    #expect(host.provenance(of: .memoryMap)?.confidence == .assumed)
    #expect(host.notes("invented from MemTotal", about: "/proc/meminfo"))
    #expect(host.onlineMemoryBytes >= 8_000_000.kilobytes)
    #expect(host.onlineMemoryBytes < 8_500_000.kilobytes)
  }

  @Test func `has one node, one processor and the default pool`() {
    #expect(host.nodes.map(\.id) == [0])
    #expect(host.nodes[0].memoryBytes == host.onlineMemoryBytes)
    #expect(host.processors.online == [0])
    #expect(host.hugePages.map(\.total) == [3])
    #expect(host.hugePages.map(\.free) == [2])
  }

  @Test func `does not pretend to know the rest`() {
    #expect(host.architecture == "unknown")
    #expect(host.kernelVersion == nil)
    #expect(host.hvo.state == .unknown)
    #expect(host.processors.hasGigabytePages == nil)
    #expect(host.zones.isEmpty)
  }
}

@Suite struct `An arm64 host with 64 KiB pages` {
  let host: HostDescription

  init() throws { host = try Sysroot(fixture: "arm64-64k").read() }

  @Test func `is recognised without any system call`() {
    #expect(host.architecture == "aarch64")
    #expect(host.provenance(of: .architecture)?.confidence == .derived)
    #expect(host.pageSize == 64.kilobytes)
    #expect(host.provenance(of: .pageSize)?.sources == ["/proc/meminfo", "/proc/zoneinfo"])
  }

  @Test func `has memory that starts above zero`() {
    #expect(host.memoryMap == [.init(start: 2.gigabytes, end: 6.gigabytes, kind: .usable)])
    #expect(host.nodes[0].memory == [2.gigabytes..<6.gigabytes])
    #expect(host.memoryBlocks?.blockBytes == 512.megabytes)
  }

  @Test func `has pools of three sizes and no HVO`() {
    #expect(host.hugePages.map(\.pageBytes) == [2.megabytes, 512.megabytes, 16.gigabytes])
    #expect(host.hugePages.map(\.isDefault) == [false, true, false])
    #expect(host.hvo.state == .unavailable)
    #expect(host.hvo.reason == .architecture)
  }
}
