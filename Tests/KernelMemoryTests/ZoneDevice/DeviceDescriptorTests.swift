// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Descriptors of devices are written where nobody else has written them, and nowhere else.
@Suite struct `Descriptors of devices` {
  private let gigabyte: UInt = 1 << 30

  private static let pages: [UInt] = [0, 2 << 20, 1 << 30]

  @Test(arguments: NamedKernel.all, pages)
  func `every descriptor leads to its head and names the zone`(
    kernel: NamedKernel, page: UInt
  ) throws {
    let host = try DeviceHost(kernel)
    let map = host.map(at: 2 << 30, gigabyte, page: page)
    try host.devices.map(map)
    let order = map.folioOrder
    for offset: UInt in [0, 1, 63, 64, 127, 128, 511, 512, 32767, 32768, 262_143] {
      let pfn = PageFrameNumber(map.ranges[0].lowerBound.rawValue + offset)
      #expect(host.vmemmap.head(of: pfn) == pfn.aligned(downTo: order))
      let image = try #require(host.descriptor(of: pfn))
      #expect(DescriptorPlace.zone(in: image.flags) == .device)
      #expect(image.flags & host.vmemmap.format.reserved != 0)
      #expect(image.counts.references == (pfn.isAligned(to: order) ? 1 : 0))
    }
    #expect(host.host.complaints == [])
    host.devices.unmap(map)
    #expect(host.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all, pages)
  func `the hole behind boot memory has all its descriptors written (D1)`(
    kernel: NamedKernel, page: UInt
  ) throws {
    let end: UInt = 960 << 20
    let firmware = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(end), .usable)
    ])
    let host = try TestHost(map: firmware, layout: .single, kernel: kernel.design, room: 2 << 30)
    let devices = host.subsystem.devices
    let page = min(page, 64 << 20)
    let frames = PageFrameNumber(end >> 12)..<PageFrameNumber((end + (64 << 20)) >> 12)
    let map = DevicePagemap(
      .generic, [frames], folioOrder: PageOrder(holding: page >> 12))
    // The first time leaves the zone's span.
    try devices.map(map)
    devices.unmap(map)
    let before = SubsystemDigest(of: host.subsystem)
    let zone = host.subsystem.topology.zone(of: PageFrameNumber(900 << 8))
    try devices.map(map)
    #expect(SubsystemDigest(of: host.subsystem).differences(from: before) == [])
    for pfn in frames {
      #expect(host.subsystem.vmemmap.head(of: pfn) == pfn.aligned(downTo: map.folioOrder))
      #expect(!host.subsystem.vmemmap.isBlank(pfn))
    }
    #expect(host.subsystem.topology.zone(of: frames.lowerBound)?.kind == .device)
    #expect(host.subsystem.topology.zone(of: PageFrameNumber(900 << 8)) === zone)
    #expect(host.complaints == [])
    devices.unmap(map)
    #expect(frames.allSatisfy { host.subsystem.vmemmap.isBlank($0) })
    #expect(SubsystemDigest(of: host.subsystem).differences(from: before) == [])
    #expect(host.complaints == [])
  }

  @Test(arguments: pages)
  func `every pageblock of a device is movable (D2)`(page: UInt) throws {
    let host = try DeviceHost()
    let map = host.map(at: 2 << 30, gigabyte, page: page)
    let sections = host.subsystem.topology.sections
    try host.devices.map(map)
    // What was there before has left its mark.
    for pfn in map.ranges[0] where pfn.isAligned(to: PageOrder(9)) {
      sections.setMigrateType(.unmovable, of: pfn)
    }
    host.devices.unmap(map)
    try host.devices.map(map)
    for pfn in map.ranges[0] where pfn.isAligned(to: PageOrder(9)) {
      #expect(sections.migrateType(of: pfn) == .movable)
    }
  }

  @Test func `unified, one vmemmap page of a compound page is written, in 7.2 two`() throws {
    for (kernel, kept): (KernelDesign, UInt) in [(.unified, 1), (.linux7_2, 2)] {
      let host = try DeviceHost(kernel)
      let map = host.map(at: 2 << 30, gigabyte, page: gigabyte)
      try host.devices.map(map)
      let census = host.subsystem.tables.census(
        of: host.vmemmap.addresses(describing: map.ranges[0]))
      #expect(census.entryCount == 4096)
      #expect(census.savedPageCount == 4094)
      #expect(host.counted == Int(kept))
    }
  }

  @Test func `unified, device and huge pages of one order have shared tails of their own`() throws {
    let host = try DeviceHost(commandLine: "hugetlb_free_vmemmap=on hugepages=8")
    let map = host.map(page: 2 << 20)
    try host.devices.map(map)
    var tails: [ZoneKind: PageFrameNumber] = [:]
    host.subsystem.optimizer.tails.forEach { page, zone, _ in tails[zone.kind] = page }
    #expect(tails.count == 2)
    #expect(tails[.device] != nil)
    #expect(host.host.complaints == [])
  }

  // MARK: Counters

  /// Range in the device and page size, in MiB, and what 7.2 and unified count.
  private static let counts: [(start: UInt, length: UInt, page: UInt, old: Int, new: Int)] = [
    (0, 2048, 0, 8192, 8192), (0, 2048, 2, 2048, 1024), (0, 2048, 1024, 4, 2),
    (0, 128, 2, 128, 64), (64, 64, 2, 64, 256), (0, 130, 2, 130, 64 + 8),
    (2, 2, 2, 2, 8), (126, 4, 2, 4, 16), (64, 256, 2, 256, 256 + 64 + 256),
  ]

  @Test(arguments: counts.indices)
  func `a device adds and removes this many vmemmap pages (A3, A4, P-DEV 17, P-DEV 18)`(
    index: Int
  ) throws {
    let (start, length, page, old, new) = Self.counts[index]
    for (kernel, wanted) in [(KernelDesign.linux7_2, old), (.unified, new)] {
      let host = try DeviceHost(kernel)
      let map = host.map(at: (2 << 30) + start << 20, length << 20, page: page << 20)
      try host.devices.map(map)
      #expect(host.counted == wanted, "\(kernel.name)")
      #expect(host.host.complaints == [])
      host.devices.unmap(map)
      #expect(host.counted == 0)
      #expect(host.host.complaints == [])
    }
  }

  @Test func `a zone of devices spans, and is neither present nor managed (P-DEV 13)`() throws {
    let host = try DeviceHost(.linux7_2)
    let map = host.map(at: 2 << 30, 2 << 30)
    let managed = host.subsystem.totals.managedPageCount
    try host.devices.map(map)
    let zone = try #require(host.subsystem.zones.first { $0.kind == .device })
    #expect(zone.spannedPageCount == 524_288)
    #expect(zone.presentPageCount == 0)
    #expect(zone.managedPageCount == 0)
    #expect(host.subsystem.totals.managedPageCount == managed)
    host.devices.unmap(map)
    #expect(host.subsystem.zones.first { $0.kind == .device }?.spannedPageCount == 524_288)
  }
}
