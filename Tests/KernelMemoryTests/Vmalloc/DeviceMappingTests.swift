// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The memory of devices; spec 09 sections 1, 4 and 7 (R6 to R8).
@Suite struct `Mapping a device's memory` {
  private func memory(_ start: UInt, _ byteCount: UInt) -> Range<PhysicalAddress> {
    PhysicalAddress(start)..<PhysicalAddress(start + byteCount)
  }

  @Test func `leaves are as large as both addresses allow`() throws {
    let host = try AreaHost()
    _ = try host.arena.mapDevice(memory(1 << 40, 3 << 30))
    #expect(host.leafCount == 3)
    let next = try host.arena.mapDevice(memory(1 << 41 + 4096, 4 << 20))
    #expect(next.isAligned(toBytes: 4 << 20))
    #expect(host.subsystem.vmallocCensus().entryCount == 1024, "the addresses do not agree")
    _ = try host.arena.mapDevice(memory(1 << 42 + 2 << 20, 1 << 30))
    #expect(host.leafCount == 3 + 512, "aligned to 2 MiB only")
    #expect(host.complaints == [])
  }

  @Test func `a boot parameter allows base pages only`() throws {
    let host = try AreaHost(commandLine: "nohugeiomap")
    let start = try host.arena.mapDevice(memory(1 << 40, 4 << 20))
    #expect(host.leafCount == 0)
    #expect(host.subsystem.vmallocCensus().entryCount == 1024)
    #expect(start.isAligned(toBytes: 512 << 10))
    #expect(host.complaints == [])
  }

  @Test func `an address inside a page stays inside it`() throws {
    let host = try AreaHost()
    let start = try host.arena.mapDevice(memory(1 << 40 + 100, 4096))
    #expect(start.rawValue & 4095 == 100)
    let area = try #require(host.arena.area(startingAt: start.rounded(downToBytes: 4096)))
    #expect(area.usable.byteCount == 8192)
    #expect(area.physicalAddress == PhysicalAddress(1 << 40))
    try host.arena.unmapDevice(at: start)
    #expect(host.subsystem.vmallocCensus() == MappingCensus(entryTableCount: 1))
    #expect(
      failure { () throws(VfreeError) in try host.arena.unmapDevice(at: start) } == .noSuchArea)
    #expect(host.complaints == [])
  }

  /// R6: required here, and not so in the kernels we imitate.
  @Test(arguments: NamedKernel.all)
  func `the mapping's size replaces the wanted alignment but in the unified design`(
    kernel: NamedKernel
  ) throws {
    let host = try AreaHost(kernel: kernel.design)
    _ = try host.allocate(host.page)
    let start = try host.arena.mapDevice(memory(1 << 40, 8192), alignment: 1 << 20)
    let keepsWish = kernel.design.vmalloc.deviceAlignment == .largerOfBoth
    #expect(start == host.base.advanced(byBytes: keepsWish ? 1 << 20 : 8192))
  }

  @Test func `ordinary memory and what cannot be addressed are refused`() throws {
    let host = try AreaHost(memory: 256 << 20)
    for (start, byteCount, wanted) in [
      (1 << 20, 4096, VmallocError.notDeviceMemory), (256 << 20 - 1, 2, .notDeviceMemory),
      (1 << 46, 1, .notDeviceMemory), (1 << 46 - 1, 2, .notDeviceMemory),
      (1 << 40, 0, .empty), (1 << 45, 1 << 45, .noRoom),
    ] {
      let range = memory(UInt(start), UInt(byteCount))
      #expect(failure { () throws(VmallocError) in _ = try host.arena.mapDevice(range) } == wanted)
    }
    #expect(
      failure { () throws(VmallocError) in
        _ = try host.arena.mapDevice(memory(1 << 40, 1), alignment: 6)
      } == .badAlignment)
    #expect(host.subsystem.vmallocTotals.areaCount == 0)
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedFormat.all)
  func `every architecture maps devices`(_ named: NamedFormat) throws {
    let format = named.format
    let host = try AreaHost(memory: 512 << 20, format: format)
    let first = UInt(1) << (format.physicalAddressBits - 1)
    let start = try host.arena.mapDevice(memory(first, format.pmdByteCount + 1))
    for offset in [0, format.pmdByteCount - 1, format.pmdByteCount] {
      let frame = (first + offset) >> format.pageSize.shift
      #expect(
        host.subsystem.tables.lookUp(start.advanced(byBytes: offset))
          == .frame(PageFrameNumber(frame)))
    }
    #expect(host.leafCount == 1)
    #expect(host.complaints == [])
    try host.arena.unmapDevice(at: start)
    #expect(host.complaints == [])
  }
}
