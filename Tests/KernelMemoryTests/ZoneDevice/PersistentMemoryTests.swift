// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Persistent memory says itself where its data begins.
@Suite struct `Persistent memory` {
  private static let layouts:
    [(
      size: UInt, alignment: UInt, placement: DescriptorPlacement, offset: UInt, data: UInt
    )] = [
      (3 << 30, 2 << 20, .ordinaryMemory, 2 << 20, (3 << 30) - (2 << 20)),
      (3 << 30, 4096, .ordinaryMemory, 2 << 20, (3 << 30) - (2 << 20)),
      (3 << 30, 2 << 20, .device, 50 << 20, (3 << 30) - (50 << 20)),
      (3 << 30, 4096, .device, 50 << 20, (3 << 30) - (50 << 20)),
      (3 << 30, 1 << 30, .device, 1 << 30, 2 << 30),
      ((3 << 30) + (7 << 20), 2 << 20, .ordinaryMemory, 2 << 20, (3 << 30) + (4 << 20)),
    ]

  @Test(arguments: layouts.indices)
  func `data begins at a multiple of the alignment`(index: Int) throws {
    let (size, alignment, placement, offset, data) = Self.layouts[index]
    let start = PhysicalAddress(4 << 30)
    let namespace = PersistentNamespace(
      number: 0, range: Range(start: start, byteCount: size), origin: .module, node: NodeID(0))
    let image = try namespace.image(
      alignment: alignment, placement, granule: 2 << 20, pageSize: .fourKiB)
    #expect(image.data.lowerBound.rawValue << 12 == start.rawValue + offset)
    #expect(image.data.pageCount << 12 == data)
    #expect(image.frames.lowerBound.rawValue << 12 == start.rawValue)
    if placement == .device { #expect(image.altmap?.offset == offset >> 12) }
  }

  @Test func `too little memory holds no data`() throws {
    for size: UInt in [4096, 8192, 2 << 20] {
      let namespace = PersistentNamespace(
        number: 0, range: Range(start: PhysicalAddress(4 << 30), byteCount: size),
        origin: .module, node: NodeID(0))
      #expect(throws: DAXError.noAddress) {
        _ = try namespace.image(
          alignment: 2 << 20, .ordinaryMemory, granule: 2 << 20, pageSize: .fourKiB)
      }
    }
  }

  private func host(_ kernel: KernelDesign, _ commandLine: String = "") throws -> TestHost {
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(1 << 30), .usable),
      MemoryMapEntry(PhysicalAddress(4 << 30)..<PhysicalAddress(6 << 30), .persistent),
      MemoryMapEntry(PhysicalAddress(6 << 30)..<PhysicalAddress(7 << 30), .softReserved),
    ])
    return try TestHost(
      map: map, layout: .single, kernel: kernel, commandLine: commandLine, room: 6 << 30)
  }

  @Test(arguments: NamedKernel.all, [DescriptorPlacement.ordinaryMemory, .device])
  func `a module becomes a device and a module again`(
    kernel: NamedKernel, placement: DescriptorPlacement
  ) throws {
    let host = try host(kernel.design)
    let subsystem = host.subsystem
    let before = SubsystemDigest(of: subsystem, leftovers: .ignored)
    let device = try subsystem.makeDAXDevice(
      at: PhysicalAddress(4 << 30), alignment: 2 << 20, placement)
    #expect(host.complaints == [])
    #expect(throws: DAXError.busy) {
      _ = try subsystem.makeDAXDevice(
        at: PhysicalAddress(5 << 30), alignment: 2 << 20, placement)
    }
    try subsystem.dismantleDAXDevice(device.id)
    #expect(throws: DAXError.noDevice) { try subsystem.dismantleDAXDevice(device.id) }
    let after = SubsystemDigest(of: subsystem, leftovers: .ignored)
    #expect(after["mapped entries"] == before["mapped entries"])
    #expect(after["vmemmap"] == before["vmemmap"])
    #expect(host.complaints == [])
  }

  @Test func `bad wishes are refused`() throws {
    let subsystem = try host(.unified).subsystem
    #expect(throws: DAXError.invalid) {
      _ = try subsystem.makeDAXDevice(
        at: PhysicalAddress(4 << 30), alignment: 12345, .ordinaryMemory)
    }
    #expect(throws: DAXError.noDevice) {
      _ = try subsystem.makeDAXDevice(
        at: PhysicalAddress(8 << 30), alignment: 2 << 20, .ordinaryMemory)
    }
    #expect(throws: DAXError.noDevice) {
      try subsystem.rebindDAXDevice(DAXDeviceID(region: 5, number: 5), to: .device)
    }
    #expect(throws: DAXError.noDevice) { try subsystem.unbindDisk(77) }
  }

  @Test func `memory of the command line has descriptors when its driver is there`() throws {
    let map = TestHost.memoryMap(of: 1 << 30)
    let host = try TestHost(
      map: map, layout: .single, kernel: .linux7_2, commandLine: "memmap=256M!512M", room: 0)
    #expect(host.subsystem.zones.allSatisfy { $0.kind != .device })
    host.subsystem.loadDeviceDrivers()
    host.subsystem.loadDeviceDrivers()
    let zone = try #require(host.subsystem.zones.first { $0.kind == .device })
    #expect(zone.spannedPageCount == 65536)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == 1024)
    #expect(host.complaints == [])
    try host.subsystem.unbindDisk(0)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == 0)
    #expect(host.complaints == [])
  }

  @Test func `memory for one purpose is a device from the start`() throws {
    let subsystem = try host(.linux7_2).subsystem
    #expect(subsystem.daxDevices.map { $0.id } == [DAXDeviceID(region: 1, number: 0)])
    #expect(subsystem.daxDevices[0].byteCount == 1 << 30)
    subsystem.loadDeviceDrivers()
    #expect(subsystem.daxDevices[0].driver == .kmem)
    #expect(subsystem.addedMemory.map { $0.source } == [.kmem])
  }
}
