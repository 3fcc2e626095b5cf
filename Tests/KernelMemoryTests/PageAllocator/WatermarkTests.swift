// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

@Suite struct `Watermarks and reserves` {
  private let node = NodeID(0)

  @Test(arguments: [(16, 128), (1 << 10, 128), (1 << 20, 4096), (1 << 34, 262_144)])
  func `the reserve is the root of sixteen times low memory, within limits`(
    lowKiB: Int, wanted: Int
  ) {
    let found = WatermarkPolicy.minimumFreeKiB(
      lowKiB: UInt(lowKiB), populatedZones: 0, pageblockPages: 512, pageSize: .fourKiB)
    #expect(found == UInt(wanted))
  }

  @Test func `huge pages raise the reserve to eleven pageblocks a zone, or a twentieth`() {
    let large = WatermarkPolicy.minimumFreeKiB(
      lowKiB: 16 << 20, populatedZones: 3, pageblockPages: 512, pageSize: .fourKiB)
    #expect(large == 11 * 512 * 3 * 4)
    let small = WatermarkPolicy.minimumFreeKiB(
      lowKiB: 256 << 10, populatedZones: 3, pageblockPages: 512, pageSize: .fourKiB)
    #expect(small == (256 << 10) / 20)
  }

  @Test func `the root of a number is rounded down`() {
    for value: UInt in [0, 1, 2, 3, 4, 99, 100, 101, 1 << 40, .max] {
      let root = WatermarkPolicy.squareRoot(value)
      #expect(root.multipliedReportingOverflow(by: root).partialValue <= value)
      let next = (root + 1).multipliedReportingOverflow(by: root + 1)
      #expect(next.overflow || next.partialValue > value)
    }
  }

  @Test func `marks lie a quarter of the share, or a thousandth of the zone, apart`() {
    #expect(
      WatermarkPolicy.watermarks(kind: .normal, share: 400, managed: 10_000, scaleFactor: 10)
        == Watermarks(min: 400, low: 500, high: 600, promo: 700))
    #expect(
      WatermarkPolicy.watermarks(kind: .dma32, share: 400, managed: 1_000_000, scaleFactor: 10)
        == Watermarks(min: 400, low: 1400, high: 2400, promo: 3400))
    for (managed, least) in [(1000, 32), (100_000, 97), (10_000_000, 128)] as [(UInt, UInt)] {
      let marks = WatermarkPolicy.watermarks(
        kind: .movable, share: 0, managed: managed, scaleFactor: 10)
      #expect(marks.min == least)
    }
  }

  @Test func `the reserve is shared out by size over the zones that are not movable`() throws {
    let host = try AllocatorHost()
    let reserve = host.allocator.reserves.minimumFreeKiB.load(ordering: .relaxed) / 4
    let zones = host.topology.zones.filter { $0.isPopulated }
    #expect(zones.map { $0.kind } == [.dma, .dma32, .normal])
    let marks = zones.map { host.allocator.freeLists[$0.index].watermarks.min }
    let total = zones.reduce(0) { $0 + $1.managedPageCount }
    for (zone, mark) in zip(zones, marks) {
      #expect(mark == reserve * zone.managedPageCount / total)
    }
    #expect(reserve - marks.reduce(0, +) < 3)
  }

  @Test func `lower zones keep back a part of what lies above them`() throws {
    let host = try AllocatorHost()
    let (dma, dma32, normal) = (host.zone(.dma), host.zone(.dma32), host.zone(.normal))
    let reserve = host.allocator.lowmemReserve
    #expect(reserve(dma, .dma) == 0)
    #expect(reserve(dma, .dma32) == dma32.managedPageCount / 256)
    #expect(
      reserve(dma, .normal) == (dma32.managedPageCount + normal.managedPageCount) / 256)
    #expect(reserve(dma32, .normal) == normal.managedPageCount / 256)
    #expect(reserve(normal, .normal) == 0)
    #expect(reserve(normal, .movable) == 0)
  }

  /// Allocates single pages until a zone refuses; only the machine's one node is asked.
  private func exhaust(_ host: AllocatorHost, _ options: AllocationOptions) -> UInt {
    var count: UInt = 0
    for order in stride(from: 10, through: 0, by: -1) {
      while host.allocator.allocateBlock(PageOrder(order), on: node, options) != nil {
        count += 1 << UInt(order)
      }
    }
    return count
  }

  /// P-BUDDY 19.
  @Test func `ordinary requests stop at the reserve, urgent ones at half, the last take all`()
    throws
  {
    let host = try AllocatorHost()
    var held = exhaust(host, [])
    host.check(holding: held)
    for kind in [ZoneKind.dma, .dma32, .normal] {
      let lists = host.lists(kind)
      let reserve = host.allocator.lowmemReserve(of: lists.zone, for: .normal)
      #expect(host.freePageCount(kind) == lists.watermarks.min + reserve)
    }
    held += exhaust(host, [.highPriority])
    host.check(holding: held)
    for kind in [ZoneKind.dma, .dma32, .normal] {
      let lists = host.lists(kind)
      let reserve = host.allocator.lowmemReserve(of: lists.zone, for: .normal)
      #expect(host.freePageCount(kind) == lists.watermarks.min / 2 + reserve)
    }
    held += exhaust(host, [.ignoreWatermarks])
    #expect(host.allocator.freePageCount == 0)
    host.check(holding: held)
    #expect(host.allocator.allocateFrame(on: node, [.ignoreWatermarks]) == nil)
  }

  @Test func `a large request must leave its own size above the mark`() throws {
    let host = try AllocatorHost()
    let lists = host.lists(.normal)
    while host.freePageCount(.normal) > lists.watermarks.min + 600 {
      let lists = host.lists(.normal)
      _ = lists.lock.withLock { host.allocator.removeBlock(.page, .movable, from: lists) }
    }
    #expect(!host.allocator.allows(PageOrder(10), in: lists, [.movable], keeping: .minimum))
    #expect(host.allocator.allows(PageOrder(9), in: lists, [.movable], keeping: .minimum))
    #expect(host.allocator.allows(.page, in: lists, [.movable], keeping: .minimum))
    #expect(host.complaints == [])
  }

  @Test func `memory for contiguous allocation does not count for unmovable requests`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    for block in largest.prefix(10) {
      for index in 0..<2 {
        host.topology.sections.setMigrateType(.cma, of: block.advanced(by: index * 512))
      }
    }
    host.giveBack(Array(largest.prefix(10)), host.allocator.maximumOrder)
    let lists = host.lists(.normal)
    #expect(host.allocator.allows(.page, in: lists, [.movable], keeping: .minimum))
    #expect(!host.allocator.allows(.page, in: lists, [], keeping: .minimum))
    host.check(holding: pages - 10 * 1024)
  }
}

extension AllocatorHost {
  /// Whatever is wrong with the host.
  /// Tests take blocks to which nobody refers, which nobody can tell from lost ones.
  var complaints: [String] {
    host.subsystem.checkInvariants().filter { $0.rule != .lostFrame }.map { $0.text }
  }
}
