// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory

// Damage to memory of devices (P-DEV).

/// A machine with a device of 256 MiB, in pages of 2 MiB if nothing else is said.
struct DamagedDevice {
  let host: DeviceHost
  let map: DevicePagemap

  init(
    _ kernel: KernelDesign = .unified, _ type: DeviceMemoryType = .generic, page: UInt = 2 << 20,
    altmapPages: UInt = 0
  ) throws {
    host = try DeviceHost(kernel)
    let altmap =
      altmapPages == 0
      ? nil : Altmap(of: host.frames(2 << 30, 256 << 20), freeCount: altmapPages)
    map = host.map(type, page: page, altmap: altmap)
    try host.devices.map(map)
  }

  var subsystem: MemorySubsystem { host.subsystem }
  var head: PageFrameNumber { map.dataFrames(ofRange: 0).lowerBound }
  var format: PagingFormat { host.subsystem.format }

  func address(ofPage index: UInt) -> VirtualAddress {
    host.vmemmap.address(of: head).advanced(byBytes: index << 12)
  }

  func setEntry(for address: VirtualAddress, _ entry: PageTableEntry) {
    host.subsystem.tables.existingTable(for: address, level: 0)?[
      format.index(of: address, at: 0)] = entry
    host.host.machine.flushAllTranslations()
  }

  func frame(ofPage index: UInt) throws -> PageFrameNumber {
    try need(host.subsystem.tables.frame(mappedAt: address(ofPage: index)))
  }
}

extension DamageList {
  mutating func addDevices() {
    addAltmaps()
    addMaps()
    addDevicePages()
    addDeviceTails()
  }

  private mutating func addAltmaps() {
    add(.altmapFrames, "an altmap has another number of frames in use") {
      let device = try DamagedDevice(page: 0, altmapPages: 1536)
      device.map.altmap = Altmap(of: device.map.ranges[0], freeCount: 1536)
      return device.subsystem
    }
    add(.altmapPlace, "descriptors lie outside the altmap") {
      let device = try DamagedDevice(page: 0, altmapPages: 1536)
      var altmap = Altmap(of: device.map.ranges[0], reservedCount: 512, freeCount: 1024)
      _ = try need(altmap.allocate(512))
      _ = try need(altmap.allocate(512))
      device.map.altmap = altmap
      return device.subsystem
    }
    add(.altmapDescriptor, "a frame that an altmap keeps has two references") {
      let device = try DamagedDevice(page: 0, altmapPages: 1536)
      device.host.vmemmap.with(device.map.ranges[0].lowerBound.advanced(by: 9)) {
        $0.counts = DescriptorCounts(references: 2)
      }
      return device.subsystem
    }
  }

  private mutating func addMaps() {
    add(.mapLookUp, "a map is found under frames that it does not have") {
      let device = try DamagedDevice()
      _ = device.host.devices.table.insert(device.host.frames(4 << 30, 2 << 20), device.map)
      return device.subsystem
    }
    add(.deviceMemory, "memory of a device has no map") {
      let device = try DamagedDevice(page: 0)
      device.host.devices.table.remove(device.map.ranges[0])
      return device.subsystem
    }
    add(.genericReferences, "a generic map has a reference too many") {
      let device = try DamagedDevice()
      _ = device.map.references.take()
      return device.subsystem
    }
    add(.privateReferences, "a private map has forgotten a page in use") {
      let device = try DamagedDevice(.linux7_2, .devicePrivate, page: 0)
      try device.host.devices.handOut(
        Folio(head: device.head, order: PageOrder(4)), of: device.map)
      device.map.references.drop()
      return device.subsystem
    }
    add(.unmanagedDevices, "a zone of devices has present memory") {
      let device = try DamagedDevice()
      device.map.zone?.present.store(512, ordering: .relaxed)
      return device.subsystem
    }
    for kernel in [KernelDesign.linux6_12, .linux7_2, .unified] {
      add(.runtimeVmemmap, "a page of a device's vmemmap too many is counted, \(kernel.name)") {
        let device = try DamagedDevice(kernel)
        device.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
        return device.subsystem
      }
    }
  }

  private mutating func addDevicePages() {
    add(.deviceReferences, "a page has lost its references") {
      let device = try DamagedDevice()
      device.host.vmemmap.with(device.head) { $0.counts = DescriptorCounts(references: 0) }
      return device.subsystem
    }
    add(.deviceMap, "a page has lost its map") {
      let device = try DamagedDevice()
      device.host.vmemmap.with(device.head) { $0.link = 0 }
      return device.subsystem
    }
    add(.devicePlace, "a page is not reserved") {
      let device = try DamagedDevice()
      device.host.vmemmap.clear(device.host.vmemmap.format.reserved, at: device.head)
      return device.subsystem
    }
    add(.devicePlace, "a tail is not reserved") {
      let device = try DamagedDevice()
      device.host.vmemmap.clear(
        device.host.vmemmap.format.reserved, at: device.head.advanced(by: 3))
      return device.subsystem
    }
    add(.deviceTail, "a tail leads elsewhere") {
      let device = try DamagedDevice()
      device.host.vmemmap.with(device.head.advanced(by: 5)) { $0.link = 0 }
      return device.subsystem
    }
    add(.deviceTail, "a tail far from its head was never written") {
      let device = try DamagedDevice(altmapPages: 1536)
      device.host.vmemmap.with(device.head.advanced(by: 300)) {
        $0.link = 0
      }
      return device.subsystem
    }
    add(.descriptorWords, "a tail of a device is mapped by somebody") {
      let device = try DamagedDevice()
      device.host.vmemmap.with(device.head.advanced(by: 5)) { $0.mapping = 0 }
      return device.subsystem
    }
  }

  private mutating func addDeviceTails() {
    add(.deviceTailMapping, "in 7.2 tails show another page's") {
      let device = try DamagedDevice(.linux7_2)
      let other = device.format.pageSize.address(of: try device.frame(ofPage: 8 + 1))
      device.setEntry(for: device.address(ofPage: 5), device.format.leaf(other, at: 0))
      return device.subsystem
    }
    add(.deviceSharedTail, "unified, tails show a page of their own") {
      let device = try DamagedDevice()
      let frame = try need(device.subsystem.allocator.allocateFrame(on: NodeID(0)))
      device.setEntry(
        for: device.address(ofPage: 3),
        device.format.leaf(device.format.pageSize.address(of: frame), at: 0, .readOnly))
      return device.subsystem
    }
    add(.deviceTailReadOnly, "unified, a tail can be written") {
      let device = try DamagedDevice()
      let tail = device.format.pageSize.address(of: try device.frame(ofPage: 3))
      device.setEntry(for: device.address(ofPage: 3), device.format.leaf(tail, at: 0))
      return device.subsystem
    }
    add(.sharedReferences, "in 7.2 a shared frame has a reference too few") {
      let device = try DamagedDevice(.linux7_2)
      _ = device.host.vmemmap.dropReference(try device.frame(ofPage: 1))
      return device.subsystem
    }
    add(.sharedReferences, "unified, the shared tail has a reference too many") {
      let device = try DamagedDevice()
      device.host.vmemmap.addReferences(1, to: try device.frame(ofPage: 1))
      return device.subsystem
    }
  }
}
