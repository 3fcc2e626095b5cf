// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Blocks that hold their own descriptors: spec 08 section 6.
@Suite struct `Blocks that hold their own descriptors` {
  /// A platform, and what is known of it.
  struct Case: Sendable {
    let format: PagingFormat
    let blockByteCount: UInt
    /// Frames with descriptors in mode Y.
    let pages: UInt
    let isPossible: Bool
    let isPossibleForced: Bool
    var waste: UInt = 0
  }

  private static let mebibyte: UInt = 1 << 20

  private static func format(_ name: String) -> PagingFormat {
    guard let format = PagingFormat.named(Array(name.utf8)[...]) else {
      preconditionFailure("\(name) is a format")
    }
    return format
  }

  /// M8, P-MHP 13: the table of spec 08 section 6.
  private static let table: [Case] = [
    Case(
      format: .x86FourLevel, blockByteCount: 128 * mebibyte, pages: 512, isPossible: true,
      isPossibleForced: true),
    Case(
      format: .x86FourLevel, blockByteCount: 2048 * mebibyte, pages: 8192, isPossible: true,
      isPossibleForced: true),
    Case(
      format: format("arm64-4k"), blockByteCount: 128 * mebibyte, pages: 512, isPossible: true,
      isPossibleForced: true),
    Case(
      format: format("arm64-16k"), blockByteCount: 128 * mebibyte, pages: 32, isPossible: false,
      isPossibleForced: false),
    Case(
      format: format("arm64-64k"), blockByteCount: 512 * mebibyte, pages: 8, isPossible: false,
      isPossibleForced: false),
    Case(
      format: format("powerpc64-64k"), blockByteCount: 256 * mebibyte, pages: 4,
      isPossible: false, isPossibleForced: true, waste: 28),
    Case(
      format: format("powerpc64-64k"), blockByteCount: 1024 * mebibyte, pages: 16,
      isPossible: false, isPossibleForced: true, waste: 16),
    Case(
      format: format("powerpc64-64k"), blockByteCount: 2048 * mebibyte, pages: 32,
      isPossible: true, isPossibleForced: true),
  ]

  @Test(arguments: table.indices)
  func `are possible where, and cost what, the platform says`(index: Int) {
    let known = Self.table[index]
    func arithmetic(_ mode: MemmapOnMemoryMode) -> MemmapOnMemory {
      MemmapOnMemory(
        mode: mode, format: known.format,
        blockPageCount: known.blockByteCount >> known.format.pageSize.shift)
    }
    #expect(!arithmetic(.off).isPossible)
    #expect(arithmetic(.on).isPossible == known.isPossible)
    #expect(arithmetic(.on).framePageCount == known.pages)
    #expect(arithmetic(.forced).isPossible == known.isPossibleForced)
    if known.isPossibleForced { #expect(arithmetic(.forced).wastedPageCount == known.waste) }
  }

  /// P-MHP 3, 8, 10, 19: the reference figures of spec 08 section 10.
  @Test(arguments: NamedKernel.all, [ZoneKind.normal, .movable])
  func `give 126 of 128 MiB`(kernel: NamedKernel, kind: ZoneKind) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "memory_hotplug.memmap_on_memory=1")
    let managed = host.subsystem.totals.managedPageCount
    let free = host.subsystem.totals.freePageCount
    try host.hotplug.add(host.range(1), to: host.node, [.memmapOnMemory])
    #expect(host.subsystem.totals.managedPageCount == managed)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == 512)
    #expect(free - host.subsystem.totals.freePageCount <= 2, "tables at most")
    #expect(host.complaints == [])
    try host.hotplug.online(host.first, as: kind == .movable ? .onlineMovable : .onlineKernel)
    #expect(host.complaints == [])
    let zone = host.zone(kind)
    #expect(zone.presentPageCount == 32_768)
    #expect(zone.managedPageCount == 32_256)
    try host.hotplug.offline(host.first)
    #expect(zone.presentPageCount == 0)
    #expect(host.complaints == [])
  }

  /// M7, P-MHP 15.
  @Test(arguments: NamedKernel.all)
  func `keep huge pages on them whole`(kernel: NamedKernel) throws {
    let host = try HotplugHost(
      kernel.design, memory: 128 << 20,
      commandLine: "memory_hotplug.memmap_on_memory=Y hugetlb_free_vmemmap=on")
    try host.hotplug.add(host.range(1), to: host.node, [.memmapOnMemory])
    try host.hotplug.online(host.first, as: .onlineMovable)
    host.pool.resize(to: 500)
    let frames = host.hotplug.frames(ofBlock: host.first)
    let pages = host.subsystem.freeHugePages(of: 2 << 20)
    let own = pages.filter { frames.overlaps($0) }
    #expect(own.count > 50)
    #expect(pages.count > own.count)
    for page in pages {
      let folio = Folio(head: page.lowerBound, order: PageOrder(9))
      #expect(host.subsystem.optimizer.isOptimized(folio) != frames.overlaps(page))
    }
    #expect(host.complaints == [])
  }

  /// P-MHP 11.
  @Test func `are removed together with their like only`() throws {
    for kernel in [KernelDesign.linux6_12, .linux7_2, .unified] {
      let host = try HotplugHost(kernel, commandLine: "memory_hotplug.memmap_on_memory=Y")
      try host.hotplug.add(host.range(2), to: host.node, [.memmapOnMemory])
      try host.hotplug.add(host.range(1, from: 2), to: host.node)
      let before = host.digest
      #expect(throws: HotplugError.invalid) { try host.hotplug.remove(host.range(3)) }
      #expect(host.digest.differences(from: before) == [])
      try host.hotplug.remove(host.range(2))
      try host.hotplug.remove(host.range(1, from: 2))
      #expect(host.complaints == [])
    }
  }

  @Test func `of a strict kernel come and go one at a time`() throws {
    let host = try HotplugHost(.linux6_1, commandLine: "memory_hotplug.memmap_on_memory=Y")
    try host.hotplug.add(host.range(2), to: host.node, [.memmapOnMemory])
    #expect(host.hotplug.blocks[host.first]?.altmap == nil, "a range of two holds nothing itself")
    for offset in [UInt(2), 3] {
      try host.hotplug.add(host.range(1, from: offset), to: host.node, [.memmapOnMemory])
      #expect(host.hotplug.blocks[host.first + offset]?.selfHostedPageCount == 512)
    }
    #expect(throws: HotplugError.invalid) { try host.hotplug.remove(host.range(2, from: 2)) }
    try host.hotplug.remove(host.range(1, from: 2))
    try host.hotplug.remove(host.range(1, from: 3))
    try host.hotplug.remove(host.range(2))
    #expect(host.complaints == [])
  }

  @Test(arguments: [
    ("Y", "Y"), ("1", "Y"), ("N", "N"), ("off", "N"), ("force", "force"),
    ("FORCE", "force"), ("Force", "N")
  ])
  func `are asked for on the command line`(value: String, shown: String) throws {
    let host = try HotplugHost(
      .linux7_2, commandLine: "memory_hotplug.memmap_on_memory=\(value)")
    #expect(
      host.read("/sys/module/memory_hotplug/parameters/memmap_on_memory") == shown)
    // Elder kernels take the word for a boolean, and know no such one.
    let old = try HotplugHost(
      .linux6_1, commandLine: "memory_hotplug.memmap_on_memory=\(value)")
    #expect(
      old.read("/sys/module/memory_hotplug/parameters/memmap_on_memory")
        == (shown == "force" ? "N" : shown))
  }

  @Test(arguments: ["x86_64", "arm64-4k", "powerpc64-64k"], ["Y", "force"])
  func `come and go on every architecture that can`(name: String, mode: String) throws {
    let host = try HotplugHost(
      .unified, format: Self.format(name), commandLine: "memory_hotplug.memmap_on_memory=\(mode)")
    let before = host.digest
    try host.hotplug.add(host.range(2), to: host.node, [.memmapOnMemory])
    #expect(host.complaints == [])
    for number in host.first..<host.first + 2 {
      try host.hotplug.online(number, as: .onlineMovable)
    }
    #expect(host.complaints == [])
    for number in host.first..<host.first + 2 { try host.hotplug.offline(number) }
    try host.hotplug.remove(host.range(2))
    #expect(host.complaints == [])
    #expect(host.digest.differences(from: before) == [])
  }
}
