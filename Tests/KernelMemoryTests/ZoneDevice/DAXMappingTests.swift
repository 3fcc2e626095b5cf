// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Processes map devices of the dax bus.
@Suite struct `Mappings of devices` {
  private let megabyte: UInt = 1 << 20

  private func boundDevice(
    _ host: DeviceHost, alignment: UInt = 2 << 20
  ) throws -> DAXDevice {
    let device = try host.dax.create(in: host.region())
    try host.dax.setAlignment(of: device, to: alignment)
    try host.dax.resize(device, to: max(alignment, 128 * megabyte))
    try host.dax.bind(device, to: .device)
    return device
  }

  @Test func `a mapping is shared and made of whole pages`() throws {
    let host = try DeviceHost()
    let device = try boundDevice(host)
    #expect(throws: DAXError.invalid) {
      _ = try DAXMapping(device, on: host.dax, 0..<(2 << 20), .priv)
    }
    for addresses: Range<UInt> in [4096..<(4 << 20), 0..<(3 << 20), 0..<0] {
      #expect(throws: DAXError.invalid) {
        _ = try DAXMapping(device, on: host.dax, addresses)
      }
    }
    try host.dax.unbind(device)
    #expect(throws: DAXError.noAddress) {
      _ = try DAXMapping(device, on: host.dax, 0..<(2 << 20))
    }
  }

  @Test(arguments: [UInt(4096), 2 << 20, 1 << 30])
  func `a fault is served in the device's pages`(alignment: UInt) throws {
    let host = try DeviceHost()
    let device = try boundDevice(host, alignment: alignment)
    let base: UInt = 64 << 30
    let mapping = try DAXMapping(device, on: host.dax, base..<(base + alignment))
    let start = device.ranges[0].frames.lowerBound
    for size: UInt in [4096, 2 << 20, 1 << 30] {
      let wanted: DAXMapping.FaultResult =
        size < alignment ? .busError : size > alignment ? .fallBack : .mapped(start)
      #expect(mapping.fault(at: base + alignment / 2, size: size) == wanted)
    }
    #expect(mapping.pageByteCount == alignment)
    #expect(mapping.fault(at: base + alignment, size: alignment) == .busError)
  }

  @Test func `a page's place in the device counts from the page's start (D9)`() throws {
    let host = try DeviceHost()
    let device = try boundDevice(host)
    let base: UInt = 64 << 30
    let mapping = try DAXMapping(
      device, on: host.dax, base..<(base + 8 * megabyte), offset: 1024)
    let touched = base + 2 * megabyte + 0x12_3456
    let head = PageFrameNumber(device.ranges[0].frames.lowerBound.rawValue + 1024 + 512)
    #expect(mapping.fault(at: touched, size: 2 << 20) == .mapped(head))
    #expect(try #require(host.descriptor(of: head)).index == 1536)
    #expect(mapping.mapped == [base + 2 * megabyte])
  }

  @Test func `behind the device's end is nothing`() throws {
    let host = try DeviceHost()
    let device = try boundDevice(host)
    let mapping = try DAXMapping(device, on: host.dax, 0..<(256 << 20))
    #expect(mapping.fault(at: 127 << 20, size: 2 << 20) != .busError)
    #expect(mapping.fault(at: 128 << 20, size: 2 << 20) == .busError)
    #expect(mapping.fault(at: 0, size: 3 << 20) == .busError)
  }

  @Test(arguments: [UInt(4096), 2 << 20, 1 << 30])
  func `a mapping is split between its pages only (D8)`(alignment: UInt) throws {
    let host = try DeviceHost()
    let device = try boundDevice(host, alignment: alignment)
    let mapping = try DAXMapping(device, on: host.dax, 0..<(4 * alignment))
    for address in [0, 1, alignment / 2, 4 * alignment, 5 * alignment] {
      #expect(throws: DAXError.invalid) { _ = try mapping.split(at: address) }
    }
    _ = mapping.fault(at: 0, size: alignment)
    let rest = try mapping.split(at: alignment)
    #expect(mapping.addresses == 0..<alignment)
    #expect(rest.addresses == alignment..<(4 * alignment))
    #expect(rest.offset == alignment >> 12)
    #expect(mapping.mapped == [0] && rest.mapped == [])
    mapping.unmap()
    #expect(mapping.fault(at: 0, size: alignment) == .busError)
  }

  @Test func `a device that goes away takes its mappings along`() throws {
    let host = try DeviceHost()
    let device = try boundDevice(host)
    let mapping = try DAXMapping(device, on: host.dax, 0..<(2 << 20))
    _ = mapping.fault(at: 0, size: 2 << 20)
    try host.dax.unbind(device)
    #expect(!mapping.isValid && mapping.mapped.isEmpty)
    #expect(mapping.fault(at: 0, size: 2 << 20) == .busError)
  }
}
