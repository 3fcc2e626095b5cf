// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Which zone gets the memory that goes online: spec 08 section 4.1.
@Suite struct `The zone of memory that goes online` {
  @Test(arguments: [(OnlineType.onlineKernel, ZoneKind.normal), (.onlineMovable, .movable)])
  func `is the one that was asked for`(type: OnlineType, kind: ZoneKind) throws {
    let host = try HotplugHost()
    try host.plug(as: type)
    #expect(host.kind(ofBlock: 0) == kind)
    #expect(host.zone(kind).span == host.hotplug.frames(ofBlock: host.first))
    #expect(host.read(host.path(0, "valid_zones")) == (kind == .normal ? "Normal" : "Movable"))
  }

  @Test func `is the kernel's where nothing lies around`() throws {
    let host = try HotplugHost()
    try host.plug(as: .online)
    #expect(host.kind(ofBlock: 0) == .normal)
  }

  @Test func `is movable where nothing lies around if boot was told so`() throws {
    let host = try HotplugHost(commandLine: "movable_node")
    try host.plug(as: .online)
    #expect(host.kind(ofBlock: 0) == .movable)
    try host.plug(from: 3, as: .onlineKernel)
    #expect(host.kind(ofBlock: 3) == .normal)
  }

  /// P-MHP 18.
  @Test func `is that of memory on both sides`() throws {
    let host = try HotplugHost()
    try host.hotplug.add(host.range(7), to: host.node)
    #expect(host.read(host.path(1, "valid_zones")) == "Normal Movable")
    try host.hotplug.online(host.first, as: .onlineMovable)
    #expect(
      host.read(host.path(1, "valid_zones")) == "Normal Movable", "next to a span is not inside")
    try host.hotplug.online(host.first + 2, as: .onlineMovable)
    #expect(host.read(host.path(1, "valid_zones")) == "Movable Normal")
    try host.hotplug.online(host.first + 1, as: .online)
    #expect(host.kind(ofBlock: 1) == .movable)
    for offset: UInt in [4, 6] {
      try host.hotplug.online(host.first + offset, as: .onlineKernel)
    }
    try host.hotplug.online(host.first + 5, as: .online)
    #expect(host.kind(ofBlock: 5) == .normal)
    #expect(host.complaints == [])
  }

  @Test(arguments: [false, true])
  func `falls back where both span the memory`(movesAll: Bool) throws {
    let host = try HotplugHost(commandLine: movesAll ? "movable_node" : "")
    try host.hotplug.add(host.range(6), to: host.node)
    for offset: UInt in [0, 4] { try host.hotplug.online(host.first + offset, as: .onlineKernel) }
    for offset: UInt in [1, 5] { try host.hotplug.online(host.first + offset, as: .onlineMovable) }
    #expect(host.complaints == [])
    try host.hotplug.online(host.first + 3, as: .online)
    #expect(host.kind(ofBlock: 3) == (movesAll ? .movable : .normal))
    #expect(host.complaints == [])
  }

  /// A low zone counts only as far as it spans; what lies beyond is the normal zone's.
  @Test func `below four gigabytes is the low zone's only if that spans it`() throws {
    func map(_ ranges: [(UInt, UInt)]) -> MemoryMap {
      MemoryMap(
        ranges.map {
          MemoryMapEntry(PhysicalAddress($0.0 << 20)..<PhysicalAddress($0.1 << 20), .usable)
        })
    }
    for (spans, kind) in [(true, ZoneKind.dma32), (false, .normal)] {
      let ranges: [(UInt, UInt)] = spans ? [(1, 512), (3072, 3200)] : [(1, 512)]
      let host = try TestHost(
        map: map(ranges), layout: .single, kernel: .unified, room: 6 << 30)
      let hotplug = host.subsystem.hotplug
      let range = PhysicalAddress(2 << 30)..<PhysicalAddress(2 << 30 + 128 << 20)
      try hotplug.add(range, to: NodeID(0))
      try hotplug.online(16, as: .online)
      let index = try #require(hotplug.blocks[16]?.zoneIndex)
      #expect(host.subsystem.topology.zones[index].kind == kind)
      #expect(host.complaints == [])
    }
  }

  @Test func `never changes while it is online`() throws {
    let host = try HotplugHost()
    try host.plug(as: .onlineMovable)
    let before = host.digest
    for type in OnlineType.allCases {
      #expect(throws: HotplugError.invalid) { try host.hotplug.online(host.first, as: type) }
    }
    #expect(host.digest.differences(from: before) == [])
  }

  @Test func `belongs to the node that the memory was added to`() throws {
    let host = try HotplugHost(nodes: 2)
    try host.plug(node: NodeID(1), as: .onlineMovable)
    #expect(host.zone(.movable, node: NodeID(1)).presentPageCount == 1 << 15)
    #expect(host.zone(.movable).presentPageCount == 0)
    #expect(host.complaints == [])
  }
}

/// Movable as long as there is enough memory for the kernel: spec 08 section 4.1.
@Suite struct `The auto-movable policy` {
  private static func host(
    ratio: UInt = 100, isNodeAware: Bool = true, nodes: Int = 1, memory: UInt = 1 << 30,
    _ more: String = ""
  ) throws -> HotplugHost {
    try HotplugHost(
      memory: memory, nodes: nodes,
      commandLine: "memory_hotplug.online_policy=auto-movable "
        + "memory_hotplug.auto_movable_ratio=\(ratio) "
        + "memory_hotplug.auto_movable_numa_aware=\(isNodeAware ? "Y" : "N") \(more)")
  }

  /// How many blocks one after another go to the movable zone before one goes to the kernel's.
  private func movableCount(
    _ host: HotplugHost, from offset: UInt = 0, node: NodeID = NodeID(0),
    group: MemoryGroupID? = nil
  ) throws -> UInt {
    var place = offset
    while true {
      try host.plug(from: place, node: node, as: .online, group: group)
      guard host.kind(ofBlock: place) == .movable else { return place - offset }
      place += 1
    }
  }

  /// P-MHP 17: of 3.01 GiB, 24 blocks of 128 MiB.
  @Test func `admits 3.01 times the memory of the boot`() throws {
    let host = try Self.host(ratio: 301)
    #expect(try movableCount(host) == 24)
    #expect(host.complaints == [])
  }

  @Test(arguments: [(UInt(0), UInt(0)), (12, 0), (13, 1), (50, 3), (100, 7), (150, 11), (201, 16)])
  func `admits what the ratio says`(ratio: UInt, count: UInt) throws {
    let host = try Self.host(ratio: ratio)
    #expect(try movableCount(host) == count)
  }

  @Test func `does not count what was added for the kernel`() throws {
    let host = try Self.host()
    try host.plug(8, as: .onlineKernel)
    #expect(try movableCount(host, from: 8) == 7)
  }

  @Test func `does not count memory for contiguous areas as the kernel's`() throws {
    let host = try Self.host(memory: 3 << 30, "hugetlb_cma=1G")
    #expect(host.zone(.dma32).contiguousArea.load(ordering: .relaxed) == 1 << 18)
    #expect(try movableCount(host) == 7, "of three, one is movable already")
  }

  @Test(arguments: [true, false])
  func `looks at each node if told to`(isNodeAware: Bool) throws {
    let host = try Self.host(isNodeAware: isNodeAware, nodes: 2)
    let zones = host.subsystem.topology.zones.filter { !isNodeAware || $0.node == host.node }
    let early = zones.reduce(0) { $0 + $1.presentPageCount }
    #expect(try movableCount(host) == early >> 15)
    #expect(host.complaints == [])
  }

  @Test func `changes while memory comes`() throws {
    let host = try Self.host(ratio: 0)
    let parameters = "/sys/module/memory_hotplug/parameters"
    try host.plug(as: .online)
    #expect(host.write("100", "\(parameters)/auto_movable_ratio") == nil)
    try host.plug(from: 1, as: .online)
    #expect(host.write("contig-zones", "\(parameters)/online_policy") == nil)
    try host.plug(from: 2, as: .online)
    #expect((0..<3).map { host.kind(ofBlock: $0) } == [.normal, .movable, .normal])
  }

  // MARK: Groups

  @Test func `admits a device's memory as a whole`() throws {
    let host = try Self.host()
    let large = try host.hotplug.makeGroup(on: host.node, pageCount: 8 << 15)
    try host.plug(as: .online, group: large)
    #expect(host.kind(ofBlock: 0) == .normal, "eight blocks are too many")
    let small = try host.hotplug.makeGroup(on: host.node, pageCount: 7 << 15)
    try host.plug(7, from: 1, as: .online, group: small)
    #expect((1..<8).allSatisfy { host.kind(ofBlock: $0) == .movable })
    #expect(host.hotplug.group(small)?.movablePageCount == 7 << 15)
    #expect(host.hotplug.group(large)?.kernelPageCount == 1 << 15)
    #expect(host.complaints == [])
  }

  @Test func `keeps a device's memory together`() throws {
    let host = try Self.host()
    let group = try host.hotplug.makeGroup(on: host.node, pageCount: 3 << 15)
    try host.plug(as: .onlineKernel, group: group)
    try host.plug(2, from: 1, as: .online, group: group)
    #expect(host.kind(ofBlock: 1) == .normal && host.kind(ofBlock: 2) == .normal)
    #expect(host.hotplug.group(group)?.kernelPageCount == 3 << 15)
  }

  @Test func `treats units of a device as wholes`() throws {
    let host = try Self.host()
    let group = try host.hotplug.makeGroup(on: host.node, unitPageCount: 4 << 15)
    #expect(host.first % 4 == 0)
    try host.hotplug.add(host.range(12), to: host.node, group: group)
    try host.hotplug.online(host.first, as: .onlineKernel)
    try host.hotplug.online(host.first + 1, as: .online)
    #expect(host.kind(ofBlock: 1) == .normal, "its unit is the kernel's already")
    for offset in UInt(4)..<8 { try host.hotplug.online(host.first + offset, as: .online) }
    #expect((4..<8).allSatisfy { host.kind(ofBlock: $0) == .movable })
    #expect(host.complaints == [])
  }

  @Test func `lets a device's own memory for the kernel count`() throws {
    let host = try Self.host()
    let group = try host.hotplug.makeGroup(on: host.node, unitPageCount: 1 << 15)
    try host.plug(4, as: .onlineKernel, group: group)
    #expect(try movableCount(host, from: 4, group: group) == 11)
  }

  /// What another device has movable beyond its own memory for the kernel takes away from the rest.
  @Test func `counts a device's demand for others`() throws {
    let host = try Self.host()
    let group = try host.hotplug.makeGroup(on: host.node, unitPageCount: 1 << 15)
    try host.plug(4, as: .onlineMovable, group: group)
    #expect(try movableCount(host, from: 4) == 3)
  }

  @Test func `admits nothing once devices have all`() throws {
    let host = try Self.host(isNodeAware: false)
    let group = try host.hotplug.makeGroup(on: host.node, unitPageCount: 1 << 15)
    try host.plug(9, as: .onlineMovable, group: group)
    #expect(try movableCount(host, from: 9) == 0)
    #expect(host.complaints == [])
  }

  @Test func `knows only groups that can be`() throws {
    let host = try Self.host()
    for pages: UInt in [0, 1 << 14, 3 << 15, .max] {
      #expect(throws: HotplugError.invalid) {
        try host.hotplug.makeGroup(on: host.node, unitPageCount: pages)
      }
    }
    #expect(throws: HotplugError.invalid) {
      try host.hotplug.makeGroup(on: host.node, pageCount: 0)
    }
    #expect(throws: HotplugError.invalid) {
      try host.hotplug.makeGroup(on: NodeID(9), pageCount: 1 << 15)
    }
    let group = try host.hotplug.makeGroup(on: host.node, pageCount: 1 << 15)
    try host.hotplug.add(host.range(1), to: NodeID(9), group: group)
    #expect(throws: HotplugError.busy) { try host.hotplug.removeGroup(group) }
    try host.hotplug.remove(host.range(1))
    try host.hotplug.removeGroup(group)
    #expect(throws: HotplugError.invalid) { try host.hotplug.removeGroup(group) }
  }
}
