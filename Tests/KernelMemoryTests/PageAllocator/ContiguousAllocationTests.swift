// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Contiguous allocation` {
  private let node = NodeID(0)
  /// 256 MiB, two sections: smaller than a gigantic page, larger than any block on a list.
  private let order = PageOrder(16)

  /// 512 MiB from address zero and 768 MiB from 4 GiB on: the sixteenth quarter of a gigabyte and
  /// those that follow.
  private func makeHost(_ commandLine: String = "") throws -> AllocatorHost {
    AllocatorHost(
      try TestHost(
        map: AllocatorHost.map([(1 << 20, 512 << 20), (4 << 30, 4 << 30 + 768 << 20)]),
        layout: .single, commandLine: commandLine))
  }

  /// The frames of quarters of a gigabyte.
  private func frames(_ quarters: Range<UInt>) -> FrameRange {
    PageFrameNumber(quarters.lowerBound << 16)..<PageFrameNumber(quarters.upperBound << 16)
  }

  private func take(from host: AllocatorHost) -> PageFrameNumber? {
    host.allocator.allocateContiguous(order, on: node, [])
  }

  @Test func `with everything free, the lowest place in the highest zone is taken`() throws {
    let host = try makeHost()
    let first = try #require(take(from: host))
    #expect(first == frames(16..<17).lowerBound)
    host.check(holding: 1 << 16)
    // The last one has the vmemmap, the first one what boot reserves on every PC.
    var found = [first]
    while let pfn = take(from: host) { found.append(pfn) }
    host.check(holding: UInt(found.count) << 16)
    #expect(found.map { $0.rawValue >> 16 } == [16, 17, 1])
    for pfn in found.reversed() {
      host.allocator.freeRun(FrameRange(start: pfn, pageCount: order.pageCount))
    }
    host.check()
  }

  @Test func `the head of the block says allocated, and no other descriptor is written`() throws {
    let host = try makeHost()
    let pfn = try #require(take(from: host))
    host.vmemmap.with(pfn, for: .load) { words in
      #expect(words.counts == DescriptorCounts(references: 0))
      #expect(words.flags == host.zone(.normal).place)
    }
    // Not even where the whole free sections' blocks would begin.
    let others = (1..<order.pageCount).filter { !host.vmemmap.isBlank(pfn.advanced(by: Int($0))) }
    #expect(others.isEmpty)
    host.check(holding: 1 << 16)
  }

  /// P-BUDDY 13.
  @Test func `one page in use in the middle spoils a place, and nothing is left behind`() throws {
    let host = try makeHost()
    let middle = frames(16..<17).lowerBound.advanced(by: 32_768 + 77)
    let lists = host.lists(.normal)
    #expect(host.allocator.takeRange(middle..<middle.advanced(by: 1), from: lists))
    host.check(holding: 1)
    let counts = host.blockCounts(.normal)
    let sections = lists.freeSections.population
    #expect(take(from: host) == frames(17..<18).lowerBound)
    host.check(holding: 1 + 1 << 16)
    host.allocator.freeRun(frames(17..<18))
    #expect(host.blockCounts(.normal) == counts)
    #expect(lists.freeSections.population == sections)
    for block in frames(16..<18) where block.isAligned(to: PageOrder(9)) {
      #expect(!host.topology.sections.isIsolated(block))
    }
    host.check(holding: 1)
    host.allocator.freeRun(middle..<middle.advanced(by: 1))
    #expect(take(from: host) == frames(16..<17).lowerBound)
    host.check(holding: 1 << 16)
  }

  @Test func `a range that is not all free is refused and stays as it is`() throws {
    let host = try AllocatorHost()
    let lists = host.lists(.normal)
    let block = try #require(host.allocator.allocateBlock(PageOrder(4), on: node, [.movable]))
    let around = FrameRange(start: block.aligned(downTo: PageOrder(12)), pageCount: 1 << 12)
    let counts = host.blockCounts(.normal)
    #expect(!host.allocator.takeRange(around, from: lists))
    #expect(host.blockCounts(.normal) == counts)
    host.check(holding: 16)
  }

  @Test func `a page that a CPU keeps is brought back first`() throws {
    let host = try makeHost()
    let pfn = frames(16..<17).lowerBound.advanced(by: 4711)
    let lists = host.lists(.normal)
    #expect(host.allocator.takeRange(pfn..<pfn.advanced(by: 1), from: lists))
    host.allocator.freeBlock(pfn, .page)
    #expect(host.cpuLists(.normal).pageCount == 1)
    host.check()
    #expect(take(from: host) == frames(16..<17).lowerBound)
    host.check(holding: 1 << 16)
  }

  /// P-BUDDY 12.
  @Test func `blocks that reach beyond the range stay free there`() throws {
    let host = try makeHost()
    let lists = host.lists(.normal)
    let inside = frames(16..<17).lowerBound.advanced(by: 512 + 128)
    let number = host.topology.sections.number(of: inside)
    #expect(host.allocator.isFreeSection(number, in: lists))
    let range = FrameRange(start: inside, pageCount: 64)
    #expect(host.allocator.takeRange(range, from: lists))
    host.check(holding: 64)
    #expect(!host.allocator.isFreeSection(number, in: lists))
    host.allocator.freeRun(range)
    host.check()
  }

  @Test func `watermarks do not count`() throws {
    let host = try makeHost()
    host.lists(.normal).watermarks = Watermarks(min: 1 << 30, low: 1 << 30, high: 1 << 30)
    #expect(take(from: host) == frames(16..<17).lowerBound)
    host.check(holding: 1 << 16)
  }

  @Test func `it can be made to fail, once`() throws {
    let host = try makeHost()
    host.failures.failAllocation(after: 0)
    #expect(take(from: host) == nil)
    host.check()
    #expect(take(from: host) != nil)
    host.check(holding: 1 << 16)
  }

  @Test func `with only one node allowed, another's memory is left alone`() throws {
    let host = AllocatorHost(try TestHost(memory: 2 << 30, nodes: 2))
    var count: UInt = 0
    while let pfn = host.allocator.allocateContiguous(order, on: NodeID(1), [.thisNode]) {
      #expect(host.topology.nodeID(of: pfn) == NodeID(1))
      count += 1
    }
    #expect(count > 0)
    host.check(holding: count << 16)
    let next = try #require(host.allocator.allocateContiguous(order, on: NodeID(1), []))
    #expect(host.topology.nodeID(of: next) == NodeID(0))
    host.check(holding: (count + 1) << 16)
  }

  @Test func `no block reaches over a hole or into another zone`() throws {
    // The second quarter above 4 GiB lacks one page; the third belongs to two zones.
    let hole: UInt = 4 << 30 + 300 << 20
    let map = AllocatorHost.map([
      (1 << 20, 256 << 20), (4 << 30, hole), (hole + 4096, 4 << 30 + 1280 << 20),
    ])
    let host = AllocatorHost(
      try TestHost(map: map, layout: .single, commandLine: "movablecore=640M"))
    let movable = host.zone(.movable).span
    #expect(frames(18..<19).contains(movable.lowerBound))
    var found: [UInt] = []
    while let pfn = host.allocator.allocateContiguous(order, on: node, [.movable]) {
      found.append(pfn.rawValue >> 16)
    }
    #expect(found == [19, 16])
    host.check(holding: UInt(found.count) << 16)
  }
}
