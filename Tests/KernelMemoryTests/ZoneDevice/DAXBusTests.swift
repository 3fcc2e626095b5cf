// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Devices on the dax bus are made, resized, bound and unbound.
@Suite struct `The dax bus` {
  private let megabyte: UInt = 1 << 20
  private let gigabyte: UInt = 1 << 30

  // MARK: Regions and devices

  @Test func `a region is a multiple of its alignment`() throws {
    let host = try DeviceHost()
    for (start, length): (UInt, UInt) in [(1 << 20, 2 << 20), (2 << 20, 3 << 20), (2 << 20, 0)] {
      let region = DAXRegion(
        number: 9, frames: host.frames((2 << 30) + start, length), alignment: 2 << 20,
        targetNode: nil, node: NodeID(0), kind: .dynamic)
      #expect(!host.dax.add(region))
    }
    #expect(host.dax.regions.isEmpty)
  }

  @Test func `devices share a region`() throws {
    let host = try DeviceHost()
    let region = host.region()
    let first = try host.dax.create(in: region)
    let second = try host.dax.create(in: region)
    try host.dax.resize(first, to: 256 * megabyte)
    try host.dax.resize(second, to: 512 * megabyte)
    #expect(region.availablePageCount == 256 * megabyte >> 12)
    #expect(throws: DAXError.noSpace) { try host.dax.resize(first, to: gigabyte) }
    try host.dax.resize(first, to: 512 * megabyte)
    #expect(first.ranges.count == 2, "the second is in between")
    #expect(first.ranges.map { $0.offset } == [0, 65536])
    #expect(throws: DAXError.noSpace) { try host.dax.create(in: region) }
    try host.dax.resize(first, to: 128 * megabyte)
    #expect(first.ranges.count == 1)
    #expect(first.pageCount == 128 * megabyte >> 12)
    try host.dax.resize(first, to: 0)
    #expect(first.ranges.isEmpty)
  }

  @Test func `a size is a multiple of 2 MiB and of the alignment`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    #expect(throws: DAXError.invalid) { try host.dax.resize(device, to: 4096) }
    try host.dax.setAlignment(of: device, to: gigabyte)
    #expect(throws: DAXError.invalid) { try host.dax.resize(device, to: 512 * megabyte) }
    try host.dax.resize(device, to: gigabyte)
    #expect(throws: DAXError.invalid) { try host.dax.setAlignment(of: device, to: 3) }
    try host.dax.setAlignment(of: device, to: 4096)
    try host.dax.resize(device, to: 10 * megabyte)
    #expect(throws: DAXError.invalid) { try host.dax.setAlignment(of: device, to: gigabyte) }
    #expect(device.alignment == 4096, "the old value stays")
  }

  @Test(arguments: [
    (PagingFormat.x86FourLevel, [UInt(4096), 2 << 20, 1 << 30]),
    (.arm64With4KPages, [4096, 2 << 20]), (.arm64With64KPages, [65536, 512 << 20]),
    (.powerRadixWith64KPages, [65536, 2 << 20, 1 << 30]),
  ])
  func `an architecture has alignments of its own`(
    format: PagingFormat, alignments: [UInt]
  ) throws {
    let host = try DeviceHost(format: format)
    let valid = (0..<40).map { UInt(1) << $0 }.filter { host.dax.isValidAlignment($0) }
    #expect(valid == alignments)
  }

  @Test func `only an empty device that is not the first is deleted`() throws {
    let host = try DeviceHost()
    let region = host.region()
    let first = try host.dax.create(in: region)
    let second = try host.dax.create(in: region)
    try host.dax.resize(second, to: 2 * megabyte)
    #expect(throws: DAXError.busy) { try host.dax.delete(first.id, in: region) }
    #expect(throws: DAXError.busy) { try host.dax.delete(second.id, in: region) }
    #expect(throws: DAXError.noAddress) {
      try host.dax.delete(DAXDeviceID(region: region.number, number: 7), in: region)
    }
    try host.dax.resize(second, to: 0)
    try host.dax.delete(second.id, in: region)
    #expect(region.devices.count == 1)
    #expect(try host.dax.create(in: region).id.number == 2, "a number is used once")
  }

  @Test func `a larger size prolongs the last part, one that is placed behind it does not`() throws
  {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    try host.dax.resize(device, to: 2 * megabyte)
    try host.dax.resize(device, to: 4 * megabyte)
    #expect(device.ranges.count == 1)
    let end = try #require(device.ranges.first).frames.upperBound.rawValue << 12
    try host.dax.addMapping(device, first: end, last: end + 2 * megabyte - 1)
    #expect(device.ranges.map(\.frames.pageCount) == [1024, 512])
  }

  @Test func `parts are placed by address`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    let start: UInt = 2 << 30
    try host.dax.addMapping(device, first: start, last: start + 2 * megabyte - 1)
    try host.dax.addMapping(
      device, first: start + 8 * megabyte, last: start + 10 * megabyte - 1)
    #expect(device.ranges.count == 2)
    #expect(throws: DAXError.outOfMemory) {
      try host.dax.addMapping(device, first: start, last: start + 2 * megabyte - 1)
    }
    #expect(throws: DAXError.outOfMemory) {
      try host.dax.addMapping(device, first: 1 << 30, last: (1 << 30) + 2 * megabyte - 1)
    }
    #expect(throws: DAXError.busy) {
      try host.dax.addMapping(device, first: start, last: start - 1)
    }
    try host.dax.addMapping(device, first: start + 20 * megabyte, last: start + 21 * megabyte)
    #expect(device.ranges.count == 2, "a length that does not fit is passed over")
  }

  // MARK: Drivers

  @Test(arguments: NamedKernel.all, [UInt(4096), 2 << 20, 1 << 30])
  func `a device has descriptors while it is bound (D3)`(
    kernel: NamedKernel, alignment: UInt
  ) throws {
    let host = try DeviceHost(kernel)
    let device = try host.dax.create(in: host.region())
    try host.dax.setAlignment(of: device, to: alignment)
    try host.dax.resize(device, to: gigabyte)
    try host.dax.bind(device, to: .device)
    #expect(device.pagemap?.type == .generic)
    #expect(device.pagemap?.folioOrder == host.order(alignment))
    #expect(host.host.complaints == [])
    #expect(throws: DAXError.busy) { try host.dax.resize(device, to: 0) }
    #expect(throws: DAXError.busy) { try host.dax.setAlignment(of: device, to: 4096) }
    #expect(throws: DAXError.busy) { try host.dax.bind(device, to: .device) }
    try host.dax.unbind(device)
    #expect(throws: DAXError.noDevice) { try host.dax.unbind(device) }
    #expect(host.counted == 0)
    #expect(host.dax.reservations.isEmpty)
    #expect(host.host.complaints == [])
  }

  @Test func `a device without memory is not bound`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    #expect(throws: DAXError.noAddress) { try host.dax.bind(device, to: .device) }
  }

  @Test func `a pinned page keeps a device's descriptors`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    try host.dax.resize(device, to: 128 * megabyte)
    try host.dax.bind(device, to: .device)
    let pfn = device.ranges[0].frames.lowerBound
    try host.devices.use(pfn)
    #expect(throws: DAXError.busy) { try host.dax.unbind(device) }
    #expect(host.host.complaints == [])
    host.devices.release(pfn)
    try host.dax.unbind(device)
    #expect(host.host.complaints == [])
  }

  @Test func `binding that fails leaves nothing (D10)`() throws {
    let host = try DeviceHost()
    let device = try host.dax.create(in: host.region())
    try host.dax.resize(device, to: 128 * megabyte)
    host.host.machine.failures.failBasePageAllocations()
    #expect(throws: DAXError.outOfMemory) { try host.dax.bind(device, to: .device) }
    host.host.machine.failures.stopFailing()
    #expect(device.driver == nil && device.pagemap == nil)
    #expect(host.dax.reservations.isEmpty)
    #expect(host.host.complaints == [])
    try host.dax.bind(device, to: .device)
  }

  @Test func `since 7.2 a file system can have a device`() throws {
    for (kernel, has) in [(KernelDesign.linux6_12, false), (.linux7_2, true)] {
      let host = try DeviceHost(kernel)
      #expect(host.dax.drivers.contains(.fileSystem) == has)
      let device = try host.dax.create(in: host.region())
      try host.dax.resize(device, to: 128 * megabyte)
      host.dax.setTakes(.fileSystem, device.id, true)
      guard has else {
        #expect(throws: DAXError.noDevice) { try host.dax.bind(device, to: .fileSystem) }
        continue
      }
      try host.dax.bind(device, to: .fileSystem)
      #expect(device.pagemap?.type == .fileSystemDAX)
      #expect(device.pagemap?.folioOrder == .page)
      #expect(throws: DAXError.noAddress) {
        _ = try DAXMapping(device, on: host.dax, 0..<(2 << 20))
      }
      try host.dax.unbind(device)
      #expect(host.host.complaints == [])
    }
  }

  @Test func `a driver takes a device it was told of`() throws {
    let host = try DeviceHost(.linux7_2)
    let device = try host.dax.create(in: host.region())
    try host.dax.resize(device, to: 128 * megabyte)
    #expect(throws: DAXError.noDevice) { try host.dax.bind(device, to: .fileSystem) }
    #expect(throws: DAXError.noDevice) { try host.dax.bind(device, to: .kmem) }
    host.dax.setTakes(.fileSystem, device.id, true)
    try host.dax.bind(device, to: .fileSystem)
  }
}
