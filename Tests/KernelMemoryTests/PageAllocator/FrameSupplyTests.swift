// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `A supply of single frames` {
  private let node = NodeID(0)

  private func take(_ count: Int, from supply: inout FrameSupply, of host: AllocatorHost)
    -> [PageFrameNumber]
  {
    var taken: [PageFrameNumber] = []
    while taken.count < count, let pfn = supply.take(from: host.allocator) { taken.append(pfn) }
    return taken
  }

  @Test func `its frames lie together and have one reference each`() throws {
    let host = try AllocatorHost()
    var supply = FrameSupply(node: node, options: [], runLength: 256)
    let frames = take(256, from: &supply, of: host)
    let first = try #require(frames.first)
    #expect(frames == Array(first..<first.advanced(by: 256)))
    #expect(frames.allSatisfy { host.vmemmap.references(to: $0) == 1 })
    supply.returnRest(to: host.allocator)
    host.check(holding: 256)
    for pfn in frames { host.allocator.freeFrame(pfn) }
    host.check()
  }

  @Test func `what was not used goes back`() throws {
    let host = try AllocatorHost()
    let before = host.blockCounts(.normal)
    var supply = FrameSupply(node: node, options: [.movable], runLength: 512)
    let frames = take(3, from: &supply, of: host)
    #expect(frames.count == 3)
    supply.returnRest(to: host.allocator)
    host.check(holding: 3)
    supply.returnRest(to: host.allocator)
    host.check(holding: 3)
    for pfn in frames { host.allocator.freeFrame(pfn) }
    host.allocator.drainCPULists()
    #expect(Array(host.blockCounts(.normal).dropLast()) == Array(before.dropLast()))
    host.check()
  }

  @Test func `what is left of blocks of its type comes before a new block is claimed`() throws {
    let host = try AllocatorHost()
    let (largest, pages) = host.takeEverything(.normal)
    let (whole, cut) = (largest[0], largest[1])
    host.lists(.normal).watermarks = Watermarks()
    host.topology.sections.setMigrateType(.unmovable, of: cut)
    host.allocator.freeRun(cut..<cut.advanced(by: 24))
    host.giveBack([whole], PageOrder(10))
    host.check(holding: pages - 1048)
    var supply = FrameSupply(node: node, options: [.thisNode], runLength: 512)
    let frames = take(32, from: &supply, of: host)
    supply.returnRest(to: host.allocator)
    #expect(Array(frames.prefix(16)) == Array(cut..<cut.advanced(by: 16)))
    #expect(Array(frames[16..<24]) == Array(cut.advanced(by: 16)..<cut.advanced(by: 24)))
    #expect(frames.dropFirst(24).allSatisfy { whole <= $0 && $0 < whole.advanced(by: 1024) })
    host.check(holding: pages - 1048 + 32)
  }

  @Test func `each frame is an allocation of its own, which can be made to fail`() throws {
    let host = try AllocatorHost()
    for failing in [0, 1, 100] as [UInt] {
      var supply = FrameSupply(node: node, options: [], runLength: 64)
      let asked = host.failures.allocationCount
      host.failures.failAllocation(after: failing)
      let frames = take(200, from: &supply, of: host)
      #expect(frames.count == Int(failing))
      #expect(host.failures.allocationCount - asked == failing + 1)
      supply.returnRest(to: host.allocator)
      host.failures.stopFailing()
      host.check(holding: failing)
      for pfn in frames { host.allocator.freeFrame(pfn) }
      host.check()
    }
  }

  @Test func `frames taken and frames given back are counted alike`() throws {
    let host = try AllocatorHost()
    let events = host.allocator.events
    let allocated = events.allocatedPages.load(ordering: .relaxed)
    let freed = events.freedPages.load(ordering: .relaxed)
    let before = host.host.machine.cost.reading
    var supply = FrameSupply(node: node, options: [], runLength: 64)
    let frames = take(100, from: &supply, of: host)
    supply.returnRest(to: host.allocator)
    for pfn in frames { host.allocator.freeFrame(pfn) }
    #expect(events.allocatedPages.load(ordering: .relaxed) - allocated == 100)
    #expect(events.freedPages.load(ordering: .relaxed) - freed == 100)
    let cost = host.host.machine.cost.reading - before
    #expect(cost.framesAllocated == 100)
    #expect(cost.framesFreed == 100)
    host.check()
  }

  @Test func `it stops where watermarks say, with nothing lost`() throws {
    let host = try AllocatorHost()
    var supply = FrameSupply(node: node, options: [.thisNode], runLength: 512)
    let frames = take(.max, from: &supply, of: host)
    supply.returnRest(to: host.allocator)
    host.check(holding: UInt(frames.count))
    for kind in [ZoneKind.dma, .dma32, .normal] {
      let lists = host.lists(kind)
      let reserve = host.allocator.lowmemReserve(of: lists.zone, for: .normal)
      #expect(host.freePageCount(kind) == lists.watermarks.min + reserve)
    }
    #expect(Set(frames).count == frames.count)
  }

  @Test func `pages that CPUs keep serve when the lists are empty`() throws {
    let host = try AllocatorHost()
    let kept = try #require(host.allocator.allocateFrame(on: node, [.movable]))
    host.allocator.freeFrame(kept)
    for kind in [ZoneKind.dma, .dma32, .normal] { _ = host.takeEverything(kind) }
    var supply = FrameSupply(
      node: node, options: [.movable, .ignoreWatermarks], runLength: 8)
    #expect(supply.take(from: host.allocator) == kept)
    #expect(supply.take(from: host.allocator) == nil)
    supply.returnRest(to: host.allocator)
    #expect(host.complaints == [])
  }
}
