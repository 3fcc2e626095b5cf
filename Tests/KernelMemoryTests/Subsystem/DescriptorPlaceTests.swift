// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Where the descriptors of memory lie, as tools see it.
@Suite struct `The place of descriptors` {
  private let gigabyte: UInt = 1 << 30

  private func frames(_ host: TestHost, at start: UInt, _ byteCount: UInt) -> FrameRange {
    host.subsystem.format.pageSize.wholePages(
      in: PhysicalAddress(start)..<PhysicalAddress(start + byteCount))
  }

  @Test func `is told once for frames that are mapped often`() throws {
    let host = try TestHost(memory: gigabyte, kernel: .unified, room: 4 << 30)
    let device = frames(host, at: 2 * gigabyte, gigabyte)
    try host.subsystem.describeDeviceMemory(
      device, order: PageOrder(9), near: NodeID(0))
    let census = host.subsystem.descriptorCensus(of: device)
    #expect(census.entryCount == 4096 && census.savedPageCount == 4096 - 513)
    let runs = host.subsystem.descriptorFrames(of: device)
    #expect(runs.reduce(0) { $0 + $1.pageCount } == 513)
    #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound })
  }

  @Test func `is the device itself where frames are set aside there`() throws {
    let host = try TestHost(memory: gigabyte, kernel: .linux7_2, room: 4 << 30)
    let device = frames(host, at: 2 * gigabyte, gigabyte)
    let free = host.subsystem.totals.freePageCount
    try host.subsystem.describeDeviceMemory(
      device, order: PageOrder(9), near: NodeID(0),
      reserve: DescriptorReserve(ownerPageCount: 2, descriptorPageCount: 4606))
    // Blocks begin at multiples of their size, so the first 512 frames are passed over.
    let first = PageFrameNumber(device.lowerBound.rawValue + 512)
    #expect(
      host.subsystem.descriptorFrames(of: device) == [FrameRange(start: first, pageCount: 4096)])
    #expect(host.subsystem.totals.freePageCount + 8 >= free)
  }

  @Test func `is nowhere for memory that nobody described`() throws {
    let host = try TestHost(memory: gigabyte, room: 4 << 30)
    #expect(host.subsystem.descriptorFrames(of: frames(host, at: 2 * gigabyte, gigabyte)).isEmpty)
  }

  @Test func `is refused where a device cannot have descriptors, and nothing changes`() throws {
    let host = try TestHost(memory: gigabyte, room: 4 << 30)
    let before = host.subsystem.totals
    func describe(
      _ start: UInt, _ byteCount: UInt, node: Int = 0, _ reserve: DescriptorReserve? = nil
    ) throws {
      try host.subsystem.describeDeviceMemory(
        frames(host, at: start, byteCount), order: .page, near: NodeID(node), reserve: reserve)
    }
    #expect(throws: HotplugError.invalid) { try describe(2 * gigabyte, gigabyte, node: 5) }
    #expect(throws: HotplugError.invalid) { try describe(2 * gigabyte + 4096, gigabyte) }
    #expect(throws: HotplugError.invalid) { try describe(2 * gigabyte, 0) }
    #expect(throws: HotplugError.exists) { try describe(0, gigabyte) }
    // Too few frames on the device itself.
    #expect(throws: HotplugError.outOfMemory) {
      try describe(
        2 * gigabyte, gigabyte, DescriptorReserve(ownerPageCount: 0, descriptorPageCount: 512))
    }
    #expect(throws: HotplugError.invalid) {
      try describe(
        2 * gigabyte, 128 << 20,
        DescriptorReserve(ownerPageCount: 0, descriptorPageCount: 1 << 20))
    }
    #expect(host.subsystem.totals.managedPageCount == before.managedPageCount)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == before.runtimeVmemmapPageCount)
  }
}
