// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Contiguous allocation` {
  private let node = NodeID(0)
  private let gigabyte = PageOrder(18)

  private func frames(_ gigabytes: Range<UInt>) -> FrameRange {
    PageFrameNumber(gigabytes.lowerBound << 18)..<PageFrameNumber(gigabytes.upperBound << 18)
  }

  private func take(from host: AllocatorHost) -> PageFrameNumber? {
    host.allocator.allocateContiguous(gigabyte, on: node, [])
  }

  @Test func `with everything free, the lowest gigabyte of the highest zone is taken`() throws {
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    let first = try #require(take(from: host))
    #expect(first == frames(4..<5).lowerBound)
    host.check(holding: 1 << 18)
    // The last ones have the vmemmap; below 4 GiB there is the next.
    var found = [first]
    while let pfn = take(from: host) { found.append(pfn) }
    host.check(holding: UInt(found.count) << 18)
    #expect(found.map { $0.rawValue >> 18 } == [4, 5, 1, 2])
    for pfn in found.reversed() {
      host.allocator.freeRun(FrameRange(start: pfn, pageCount: gigabyte.pageCount))
    }
    host.check()
  }

  @Test func `the head of the block says allocated, and no other descriptor is written`() throws {
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    let pfn = try #require(take(from: host))
    host.vmemmap.with(pfn, for: .load) { words in
      #expect(words.counts == DescriptorCounts(references: 0))
      #expect(words.flags == host.zone(.normal).place)
    }
    #expect(host.vmemmap.isBlank(pfn.advanced(by: 1)))
    #expect(host.vmemmap.isBlank(pfn.advanced(by: 200_000)))
    host.check(holding: 1 << 18)
  }

  @Test func `one page in use in the middle spoils a gigabyte, and nothing is left behind`() throws {
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    let middle = frames(4..<5).lowerBound.advanced(by: 131_072 + 77)
    let lists = host.lists(.normal)
    #expect(host.allocator.takeRange(middle..<middle.advanced(by: 1), from: lists))
    host.check(holding: 1)
    let counts = host.blockCounts(.normal)
    let sections = lists.freeSections.population
    #expect(take(from: host) == frames(5..<6).lowerBound)
    host.check(holding: 1 + 1 << 18)
    host.allocator.freeRun(frames(5..<6))
    #expect(host.blockCounts(.normal) == counts)
    #expect(lists.freeSections.population == sections)
    for block in frames(4..<6) where block.isAligned(to: PageOrder(9)) {
      #expect(!host.topology.sections.isIsolated(block))
    }
    host.check(holding: 1)
    host.allocator.freeRun(middle..<middle.advanced(by: 1))
    #expect(take(from: host) == frames(4..<5).lowerBound)
    host.check(holding: 1 << 18)
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
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    let pfn = frames(4..<5).lowerBound.advanced(by: 4711)
    let lists = host.lists(.normal)
    #expect(host.allocator.takeRange(pfn..<pfn.advanced(by: 1), from: lists))
    host.allocator.freeBlock(pfn, .page)
    #expect(host.cpuLists(.normal).pageCount == 1)
    host.check()
    #expect(take(from: host) == frames(4..<5).lowerBound)
    host.check(holding: 1 << 18)
  }

  @Test func `blocks that reach beyond the range stay free there`() throws {
    let host = try AllocatorHost()
    let lists = host.lists(.normal)
    let section = FrameRange(start: PageFrameNumber(1 << 20), pageCount: 1 << 15)
    #expect(lists.freeSections.population >= 1)
    let inside = section.lowerBound.advanced(by: 512 + 128)
    let range = FrameRange(start: inside, pageCount: 64)
    #expect(host.allocator.takeRange(range, from: lists))
    host.check(holding: 64)
    #expect(!host.allocator.isFreeSection(host.topology.sections.number(of: inside), in: lists))
    host.allocator.freeRun(range)
    host.check()
  }

  @Test func `watermarks do not count`() throws {
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    host.lists(.normal).watermarks = Watermarks(min: 1 << 30, low: 1 << 30, high: 1 << 30)
    #expect(take(from: host) == frames(4..<5).lowerBound)
    host.check(holding: 1 << 18)
  }

  @Test func `it can be made to fail, once`() throws {
    let host = AllocatorHost(try TestHost(memory: 6 << 30))
    host.failures.failAllocation(after: 0)
    #expect(take(from: host) == nil)
    host.check()
    #expect(take(from: host) != nil)
    host.check(holding: 1 << 18)
  }

  @Test func `with only one node allowed, another's gigabytes are left alone`() throws {
    let host = AllocatorHost(try TestHost(memory: 8 << 30, nodes: 2))
    var count: UInt = 0
    while let pfn = host.allocator.allocateContiguous(gigabyte, on: NodeID(1), [.thisNode]) {
      #expect(host.topology.nodeID(of: pfn) == NodeID(1))
      count += 1
    }
    #expect(count > 0)
    host.check(holding: count << 18)
    let next = try #require(host.allocator.allocateContiguous(gigabyte, on: NodeID(1), []))
    #expect(host.topology.nodeID(of: next) == NodeID(0))
    host.check(holding: (count + 1) << 18)
  }

  @Test func `no block reaches over a hole or into another zone`() throws {
    // The second gigabyte lacks one page; the third belongs to two zones.
    let hole: UInt = 5 << 30 + 512 << 20
    let map = AllocatorHost.map([
      (1 << 20, 1 << 30), (4 << 30, hole), (hole + 4096, 9 << 30),
    ])
    let host = AllocatorHost(
      try TestHost(map: map, layout: .single, commandLine: "movablecore=2560M"))
    let movable = host.zone(.movable).span
    #expect(movable.lowerBound.rawValue < 7 << 18 && movable.lowerBound.rawValue > 6 << 18)
    var found: [UInt] = []
    while let pfn = host.allocator.allocateContiguous(gigabyte, on: node, [.movable]) {
      found.append(pfn.rawValue >> 18)
    }
    #expect(found.first == 7)
    #expect(!found.contains(5) && !found.contains(6))
    host.check(holding: UInt(found.count) << 18)
  }
}
