// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Devices become ordinary memory, in whole blocks, and come back.
@Suite struct `Devices as ordinary memory` {
  private let base: UInt = 2 << 30

  /// A device with parts at so many MiB from the start of its region.
  private func device(
    _ host: DeviceHost, _ parts: [(start: UInt, length: UInt)],
    targetNode: NodeID? = NodeID(0)
  ) throws -> DAXDevice {
    let region = host.region(base, 2 << 30, kmem: true, targetNode: targetNode)
    let device = try host.dax.create(in: region)
    for (start, length) in parts {
      let first = base + start << 20
      try host.dax.addMapping(device, first: first, last: first + length << 20 - 1)
    }
    return device
  }

  private func range(_ start: UInt, _ length: UInt) -> Range<PhysicalAddress> {
    PhysicalAddress(base + start << 20)..<PhysicalAddress(base + (start + length) << 20)
  }

  private func added(_ host: DeviceHost) -> [Range<PhysicalAddress>] {
    host.subsystem.addedMemory.map { $0.range }
  }

  @Test(arguments: NamedKernel.all)
  func `whole blocks become memory, and go again (P-DEV 20)`(kernel: NamedKernel) throws {
    let host = try DeviceHost(kernel)
    let device = try device(host, [(2, 510), (1024, 128)])
    // The first time leaves tables of upper levels.
    try host.dax.bind(device, to: .kmem)
    try host.dax.unbind(device)
    let before = host.digest
    try host.dax.bind(device, to: .kmem)
    #expect(added(host) == [range(128, 384), range(1024, 128)])
    #expect(host.subsystem.addedMemory.allSatisfy { $0.source == .kmem })
    #expect(host.subsystem.hotplug.blocks.all.count { $0.state == .offline } == 4)
    #expect(host.complaints == [])
    #expect(throws: DAXError.busy) { try host.dax.bind(device, to: .kmem) }
    try host.dax.unbind(device)
    #expect(host.digest.differences(from: before) == [])
    #expect(host.dax.reservations.isEmpty && added(host).isEmpty)
    #expect(host.subsystem.hotplug.groups.isEmpty)
    #expect(host.complaints == [])
  }

  @Test func `the blocks of a device are one group`() throws {
    let host = try DeviceHost()
    let device = try device(host, [(0, 256), (1024, 128)])
    try host.dax.bind(device, to: .kmem)
    let group = try #require(host.subsystem.hotplug.groups.first)
    #expect(group.kind == .fixed(pageCount: 384 << 8))
    let blocks = host.subsystem.hotplug.blocks.all.filter { $0.group == group.id }
    #expect(blocks.map { $0.number } == [16, 17, 24])
  }

  @Test func `less than a block, or no node, is refused (P-DEV 20)`() throws {
    let host = try DeviceHost()
    let small = try device(host, [(2, 126)])
    #expect(throws: DAXError.invalid) { try host.dax.bind(small, to: .kmem) }
    let other = try DeviceHost()
    let homeless = try device(other, [(0, 128)], targetNode: nil)
    #expect(throws: DAXError.invalid) { try other.dax.bind(homeless, to: .kmem) }
    let elsewhere = try DeviceHost()
    let lost = try device(elsewhere, [(0, 128)], targetNode: NodeID(9))
    #expect(throws: DAXError.invalid) { try elsewhere.dax.bind(lost, to: .kmem) }
    for host in [host, other, elsewhere] {
      #expect(added(host).isEmpty && host.dax.reservations.isEmpty)
      #expect(host.subsystem.hotplug.groups.isEmpty)
    }
    #expect(small.driver == nil)
  }

  @Test func `after the first range others may fail (D11)`() throws {
    let host = try DeviceHost()
    try host.subsystem.addMemory(range(1024, 128), to: NodeID(0), source: .kmem)
    let device = try device(host, [(0, 128), (1024, 128), (1280, 128)])
    try host.dax.bind(device, to: .kmem)
    #expect(added(host) == [range(1024, 128), range(0, 128), range(1280, 128)])
    #expect(host.dax.reservations.count == 2, "what failed holds no place")
    try host.dax.unbind(device)
    #expect(added(host) == [range(1024, 128)], "what is others' stays")
    #expect(host.dax.reservations.isEmpty)
    #expect(host.complaints == [])
  }

  @Test func `if the first range fails the device is not bound (D11)`() throws {
    let host = try DeviceHost()
    try host.subsystem.addMemory(range(0, 128), to: NodeID(0), source: .kmem)
    let device = try device(host, [(0, 128), (1024, 128)])
    #expect(throws: DAXError.exists) { try host.dax.bind(device, to: .kmem) }
    #expect(device.driver == nil && host.dax.reservations.isEmpty)
    #expect(added(host) == [range(0, 128)] && host.subsystem.hotplug.groups.isEmpty)
  }

  @Test(arguments: NamedKernel.all)
  func `memory in use stays when its device goes (D11, P-DEV 21)`(kernel: NamedKernel) throws {
    let host = try DeviceHost(kernel)
    let device = try device(host, [(0, 128), (1024, 256)])
    try host.dax.bind(device, to: .kmem)
    try host.subsystem.hotplug.online(25, as: .onlineMovable)
    try host.dax.unbind(device)
    #expect(device.driver == nil)
    #expect(added(host) == [range(1024, 256)])
    #expect(host.dax.reservations.map { $0.frames } == [host.frames(3 << 30, 256 << 20)])
    #expect(host.subsystem.hotplug.groups.count == 1, "a group lives as long as its blocks")
    #expect(host.complaints == [])
    #expect(throws: DAXError.noDevice) { try host.dax.unbind(device) }
    // Its place is taken for good, whoever asks.
    host.dax.setTakes(.device, device.id, true)
    #expect(throws: DAXError.busy) { try host.dax.bind(device, to: .device) }
  }

  @Test func `memory of a device may go online at once`() throws {
    let host = try DeviceHost(commandLine: "memhp_default_state=online_movable")
    let before = host.subsystem.totals.managedPageCount
    let device = try device(host, [(0, 512)])
    try host.dax.bind(device, to: .kmem)
    #expect(host.subsystem.totals.managedPageCount == before + 512 << 8)
    #expect(host.complaints == [])
    for number: UInt in 16..<20 { try host.subsystem.hotplug.offline(number) }
    try host.dax.unbind(device)
    #expect(host.subsystem.totals.managedPageCount == before && added(host).isEmpty)
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedKernel.all.suffix(3))
  func `a device describes itself if the kernel can`(kernel: NamedKernel) throws {
    let host = try DeviceHost(kernel, commandLine: "memory_hotplug.memmap_on_memory=1")
    let device = try device(host, [(0, 256)])
    try host.dax.setDescribesItself(device, true)
    try host.dax.bind(device, to: .kmem)
    #expect(host.subsystem.memoryBlocks.suffix(2).map { $0.selfHostedPageCount } == [512, 512])
    try host.dax.setDescribesItself(device, true)
    #expect(throws: DAXError.busy) { try host.dax.setDescribesItself(device, false) }
    #expect(host.complaints == [])
    try host.dax.unbind(device)
    try host.dax.setDescribesItself(device, false)
    #expect(host.complaints == [])
  }

  @Test func `without the kernel's parameter no device describes itself`() throws {
    let host = try DeviceHost(.linux7_2)
    let device = try device(host, [(0, 128)])
    #expect(throws: DAXError.notSupported) { try host.dax.setDescribesItself(device, true) }
    try host.dax.setDescribesItself(device, false)
  }

  @Test(arguments: NamedKernel.all, [false, true])
  func `each allocation that fails leaves everything as it was (D10, D11)`(
    kernel: NamedKernel, describesItself: Bool
  ) throws {
    let host = try DeviceHost(kernel, commandLine: "memory_hotplug.memmap_on_memory=1")
    let device = try device(host, [(0, 384)])
    device.describesItself = describesItself
    try host.dax.bind(device, to: .kmem)
    try host.dax.unbind(device)
    let before = host.digest
    var failures: UInt = 0
    while true {
      host.failAllocations(after: failures)
      let isDone = (try? host.dax.bind(device, to: .kmem)) != nil
      host.host.machine.failures.stopFailing()
      if isDone { break }
      #expect(host.digest.differences(from: before) == [], "failure \(failures)")
      #expect(host.dax.reservations.isEmpty && host.subsystem.hotplug.groups.isEmpty)
      failures += 1
    }
    try host.dax.unbind(device)
    #expect(host.digest.differences(from: before) == [])
    #expect(failures > 0 || describesItself)
  }

  @Test func `memory for the kernel goes to the kernel first`() throws {
    let host = try DeviceHost()
    let device = try device(host, [(0, 128)])
    #expect(throws: DAXError.noDevice) { try host.dax.bind(device, to: .device) }
    host.dax.probe()
    #expect(device.driver == .kmem)
  }

  @Test func `what was added, or is a device's, is nobody else's (P-DEV 7)`() throws {
    let host = try DeviceHost()
    try host.subsystem.addMemory(range(0, 128), to: NodeID(0))
    let map = host.map(at: base, 128 << 20)
    #expect(throws: PagemapError.ordinaryMemory) { try host.devices.map(map) }
    try host.subsystem.removeMemory(range(0, 128))
    try host.devices.map(map)
    #expect(throws: HotplugError.exists) {
      try host.subsystem.addMemory(range(0, 128), to: NodeID(0))
    }
    #expect(host.complaints == [])
    #expect(host.devices.unmap(map) == .unmapped)
    try host.subsystem.addMemory(range(0, 128), to: NodeID(0))
    #expect(host.complaints == [])
  }
}
