// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Memory that came and went leaves no trace, whatever the machine.
@Suite struct `Memory that came and went` {
  private static let formats = [
    "x86_64", "x86_64-la57", "arm64-4k", "arm64-16k", "arm64-64k", "riscv64-sv39", "riscv64-sv48",
    "riscv64-sv57", "powerpc64-4k", "powerpc64-64k",
  ]

  private static func format(_ name: String) throws -> PagingFormat {
    try #require(PagingFormat.named(Array(name.utf8)[...]), "\(name) is a format")
  }

  @Test func `is tried on every format there is`() {
    let all = PagingFormat.all
    #expect(Set(Self.formats) == Set(all.indices.map { all[$0].name.description }))
  }

  /// I7, M2, M6, P-MHP 20: every architecture, design and way of describing.
  /// P-POP 7, I 7.
  @Test(arguments: formats, NamedKernel.all)
  func `leaves everything as it was`(name: String, kernel: NamedKernel) throws {
    for mode in ["N", "Y", "force"] {
      let types = [OnlineType.onlineKernel, .onlineMovable]
      let host = try HotplugHost(
        kernel.design, format: Self.format(name), memory: 1 << 30,
        commandLine: "memory_hotplug.memmap_on_memory=\(mode)", room: 16 << 30)
      let before = host.digest
      // Kernels that host one block at a time get one block at a time.
      for offset: UInt in 0..<2 {
        try host.hotplug.add(host.range(1, from: offset), to: host.node, [.memmapOnMemory])
      }
      let blocks = host.first..<host.first + 2
      let hosted = blocks.reduce(0) { $0 + (host.hotplug.blocks[$1]?.selfHostedPageCount ?? 0) }
      let arithmetic = host.hotplug.memmapOnMemory
      #expect(hosted == (arithmetic.isPossible ? 2 * arithmetic.framePageCount : 0))
      for (number, type) in zip(blocks, types) { try host.hotplug.online(number, as: type) }
      #expect(host.complaints == [], "\(mode)")
      for number in blocks { try host.hotplug.offline(number) }
      for offset: UInt in 0..<2 { try host.hotplug.remove(host.range(1, from: offset)) }
      #expect(host.complaints == [], "\(mode)")
      #expect(host.digest.differences(from: before) == [], "\(mode)")
    }
  }

  /// P-MHP 3: what a block gives, and what it keeps for its descriptors.
  @Test(arguments: formats, ["Y", "force"])
  func `gave all but what holds its descriptors`(name: String, mode: String) throws {
    let host = try HotplugHost(
      .unified, format: Self.format(name), memory: 1 << 30,
      commandLine: "memory_hotplug.memmap_on_memory=\(mode)", room: 16 << 30)
    try host.plug(as: .onlineMovable, [.memmapOnMemory])
    let zone = host.zone(.movable)
    let block = try #require(host.hotplug.blocks[host.first])
    #expect(zone.presentPageCount == host.hotplug.blockOrder.pageCount)
    #expect(zone.presentPageCount - zone.managedPageCount == block.selfHostedPageCount)
    #expect(host.complaints == [])
  }

  /// Pools, areas and processes used it meanwhile.
  @Test(arguments: NamedKernel.all, ["N", "Y"])
  func `may have been used`(kernel: NamedKernel, mode: String) throws {
    let host = try HotplugHost(
      kernel.design, memory: 256 << 20,
      commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=\(mode)")
    // What stays once it was made, as everywhere: tables and shared tails.
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored).withoutOrigins
    for round in 0..<2 {
      try host.plug(1, as: .onlineMovable, [.memmapOnMemory])
      host.pool.resize(to: 40 + UInt(round))
      let process = SimulatedProcess(of: host.subsystem)
      _ = process.takePages(1000, on: host.node)
      let area = try host.subsystem.vmalloc.allocate(
        VmallocRequest(byteCount: 4 << 20, mapping: .largestThatFits))
      #expect(host.complaints == [])
      try host.hotplug.offline(host.first)
      #expect(host.complaints == [])
      host.pool.resize(to: 0)
      process.exit()
      try host.subsystem.vmalloc.free(at: area.start)
      host.subsystem.vmalloc.purge()
      try host.hotplug.remove(host.range(1))
      #expect(host.complaints == [])
      let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored).withoutOrigins
      #expect(after.differences(from: before) == [], "round \(round)")
    }
  }

  /// M9: a piece in the middle of others, at their start and at their end.
  @Test(arguments: [[UInt(0), 1, 2], [2, 1, 0], [1, 0, 2], [1, 2, 0], [0, 2, 1], [2, 0, 1]])
  func `shrinks spans to what is left`(order: [UInt]) throws {
    let host = try HotplugHost()
    let before = host.digest
    try host.plug(3, as: .onlineMovable)
    var left = Set([UInt(0), 1, 2])
    for offset in order {
      try host.hotplug.offline(host.first + offset)
      left.remove(offset)
      let span = host.zone(.movable).span
      if let low = left.min(), let high = left.max() {
        #expect(span.lowerBound == host.hotplug.frames(ofBlock: host.first + low).lowerBound)
        #expect(span.upperBound == host.hotplug.frames(ofBlock: host.first + high).upperBound)
      } else {
        #expect(span.isEmpty)
      }
      #expect(host.complaints == [])
    }
    try host.hotplug.remove(host.range(3))
    #expect(host.digest.differences(from: before) == [])
  }

  /// M9: sections of the boot that go, come again, and go again.
  /// P-PHYS 19.
  @Test(arguments: NamedKernel.all)
  func `may have been there at boot`(kernel: NamedKernel) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "movablecore=512M memory_hotplug.memmap_on_memory=Y")
    let range = PhysicalAddress(6 << 27)..<PhysicalAddress(7 << 27)
    try host.hotplug.offline(6)
    try host.hotplug.remove(range)
    #expect(host.complaints == [])
    #expect(!host.read("/proc/iomem").contains("3fffffff : System RAM\n00100000"))
    let removed = host.digest
    for options: AddOptions in [[], [.memmapOnMemory]] {
      try host.hotplug.add(range, to: host.node, options)
      try host.hotplug.online(6, as: .onlineMovable)
      #expect(host.complaints == [])
      #expect(throws: HotplugError.exists) { try host.hotplug.add(range, to: host.node) }
      try host.hotplug.offline(6)
      try host.hotplug.remove(range)
      #expect(host.complaints == [])
      #expect(host.digest.differences(from: removed) == [])
    }
  }
}
