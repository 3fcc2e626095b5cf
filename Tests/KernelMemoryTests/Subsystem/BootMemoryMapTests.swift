// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Booting with odd memory` {
  private func host(bytes: [(UInt, UInt)], _ commandLine: String = "") throws -> TestHost {
    try TestHost(
      map: MemoryMap(
        bytes.map { MemoryMapEntry(PhysicalAddress($0.0)..<PhysicalAddress($0.1), .usable) }),
      layout: .single, commandLine: commandLine)
  }

  @Test func `a hole is spanned, not present, and given to nobody`() throws {
    let host = try TestHost(mebibytes: [(0, 1..<200), (0, 300..<301), (0, 700..<900)])
    #expect(host.complaints == [])
    let zone = try #require(host.zone(.dma32))
    #expect(zone.spannedPageCount == (900 - 16) << 8)
    #expect(zone.presentPageCount == (200 - 16 + 1 + 200) << 8)
    let hole = PageFrameNumber(450 << 8)
    #expect(host.subsystem.topology.zone(of: hole) == nil)
    #expect(!host.subsystem.topology.hasMemory(at: hole))
  }

  /// P-POP 6.
  @Test func `a section is described whole even if memory ends in its middle`() throws {
    let host = try TestHost(mebibytes: [(0, 1..<200), (0, 700..<701)])
    #expect(host.complaints == [])
    #expect(host.sectionCount == 3)
    #expect(host.subsystem.totals.bootVmemmapPageCount == 3 * 512)
    #expect(host.subsystem.totals.runtimeVmemmapPageCount == 0)
    #expect(host.subsystem.vmemmapCensus().hugeLeafCount == 3)
    for pfn in [0, 32_767, 65_535, 5 << 15, 6 << 15 - 1] as [UInt] {
      #expect(host.subsystem.vmemmap.isBlank(PageFrameNumber(pfn)))
    }
  }

  @Test func `a page that is not whole is no memory`() throws {
    let host = try host(bytes: [(1 << 20 + 1, 64 << 20 + 4095), (96 << 20 + 4096, 97 << 20 - 1)])
    #expect(host.complaints == [])
    #expect(host.presentPageCount == (63 << 8) - 1 + 254)
    let reserved = host.subsystem.bootReservations.reduce(0) { $0 + $1.pageCount }
    #expect(host.subsystem.totals.managedPageCount + reserved >= host.presentPageCount)
  }

  @Test(arguments: [
    ("mem=512M", 511), ("mem=256M mem=512M", 255), ("mem=0", 1023), ("mem=banana", 1023),
    ("mem=64G", 1023), ("memmap=512M", 511), ("memmap=64M$256M", 959),
    ("memmap=exactmap memmap=100M@1M", 100), ("memmap=100M@1M", 1023),
  ])
  func `the command line takes memory away`(commandLine: String, mebibytes: UInt) throws {
    let host = try TestHost(mebibytes: [(0, 1..<1024)], commandLine: commandLine)
    #expect(host.complaints == [])
    #expect(host.presentPageCount == mebibytes << 8)
  }

  @Test func `memory that the command line took away has no descriptors`() throws {
    let host = try TestHost(memory: 1 << 30, nodes: 2, commandLine: "mem=512M hugepages=4")
    #expect(host.complaints == [])
    #expect(host.sectionCount == 4)
    #expect(host.subsystem.totals.bootVmemmapPageCount == 4 * 512)
    #expect(host.pageCounts(ofOrder: 9) == [4, 0])
  }

  @Test func `the first mebibyte is never given out on a PC`() throws {
    let host = try TestHost(memory: 64 << 20)
    let allocator = host.subsystem.allocator
    while let pfn = allocator.allocateFrame(on: NodeID(0), [.ignoreWatermarks, .movable]) {
      #expect(pfn.rawValue >= 256)
    }
    #expect(allocator.freePageCount == 0)
    #expect(host.complaints == [])
  }

  @Test func `what somebody else holds is neither free nor managed`() throws {
    let map = TestHost.memoryMap(of: 1 << 30)
    let machine = try HostedMachine(span: 1 << 30, regime: .x86FourLevel)
    let subsystem = try MemorySubsystem(
      BootConfiguration(
        kernel: .linux7_2, memoryMap: map,
        occupiedBytes: [.init(node: NodeID(0), byteCount: 300 << 20)]),
      on: machine)
    #expect(subsystem.complaints == [])
    let plain = try TestHost(memory: 1 << 30).subsystem
    #expect(
      plain.totals.managedPageCount - subsystem.totals.managedPageCount == 300 << 8)
  }

  // MARK: Machines that cannot boot

  private func boot(_ map: MemoryMap, span: UInt, _ commandLine: String = "") throws -> BootError? {
    let machine = try HostedMachine(span: span, regime: .x86FourLevel)
    do throws(BootError) {
      _ = try MemorySubsystem(
        BootConfiguration(memoryMap: map, commandLine: Array(commandLine.utf8)), on: machine)
      return nil
    } catch {
      return error
    }
  }

  @Test func `without memory there is an error`() throws {
    #expect(try boot(MemoryMap(), span: 1 << 30) == .noMemory)
    let map = TestHost.memoryMap(of: 1 << 30)
    #expect(try boot(map, span: 1 << 30, "mem=4K") == .noMemory)
    #expect(try boot(map, span: 1 << 30, "memmap=exactmap") == .noMemory)
    #expect(try boot(map, span: 1 << 30) == nil)
  }

  @Test func `memory beyond what the architecture or the machine has is an error`() throws {
    let high = AllocatorHost.map([(1 << 20, 1 << 30), (1 << 46, 1 << 46 + 1 << 30)])
    #expect(
      try boot(high, span: 1 << 30) == .addressTooHigh(PhysicalAddress(1 << 46 + 1 << 30)))
    let map = TestHost.memoryMap(of: 1 << 30)
    #expect(try boot(map, span: 512 << 20) == .machineTooSmall(bytes: 512 << 20))
  }

  @Test func `memory that is all reserved is too little for the first table`() throws {
    #expect(try boot(AllocatorHost.map([(0x1000, 0x8_0000)]), span: 1 << 20) == .outOfMemory)
  }
}
