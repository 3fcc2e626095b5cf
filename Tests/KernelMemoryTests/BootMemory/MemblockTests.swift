// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

private func addresses(_ start: UInt, _ end: UInt) -> Range<PhysicalAddress> {
  PhysicalAddress(start)..<PhysicalAddress(end)
}

private let node0 = NodeID(0)
private let node1 = NodeID(1)
private let megabyte: UInt = 1 << 20
private let gigabyte: UInt = 1 << 30

/// 1 GiB on node 0 and 1 GiB on node 1.
private func twoNodes() -> Memblock {
  var memblock = Memblock(pageSize: .fourKiB)
  memblock.add(addresses(0, gigabyte), node: node0)
  memblock.add(addresses(gigabyte, 2 * gigabyte), node: node1)
  return memblock
}

@Suite struct `Boot allocator regions` {
  @Test func `regions merge when they touch and are alike`() {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.add(addresses(0x1000, 0x2000), node: node0)
    memblock.add(addresses(0x3000, 0x4000), node: node0)
    memblock.add(addresses(0x2000, 0x3000), node: node0)
    memblock.add(addresses(0x4000, 0x5000), node: node1)
    #expect(
      memblock.memory.regions == [
        MemblockRegion(addresses(0x1000, 0x4000), MemblockTraits(node: node0)),
        MemblockRegion(addresses(0x4000, 0x5000), MemblockTraits(node: node1)),
      ])
    #expect(memblock.checkInvariants() == [])
  }

  @Test func `adding again keeps what was there`() {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.add(addresses(0x2000, 0x3000), node: node0, flags: .hotPluggable)
    memblock.add(addresses(0x1000, 0x4000), node: node1)
    #expect(memblock.memory.regions.map(\.node) == [node1, node0, node1])
    #expect(memblock.node(at: PhysicalAddress(0x2FFF)) == node0)
    #expect(memblock.node(at: PhysicalAddress(0x4000)) == nil)
  }

  @Test func `marks split regions and clearing joins them`() {
    var memblock = twoNodes()
    memblock.mark(.noMap, addresses(megabyte, 2 * megabyte))
    #expect(memblock.memory.regions.count == 4)
    #expect(memblock.freeByteCount() == 2 * gigabyte - megabyte)
    memblock.clear(.noMap, addresses(0, 2 * gigabyte))
    #expect(memblock.memory.regions.count == 2)
    memblock.reserve(addresses(0, 4 * megabyte))
    memblock.markReserved(.reservedNoInit, addresses(megabyte, 2 * megabyte))
    #expect(memblock.reserved.regions.count == 3)
    memblock.clearReserved(.reservedNoInit, addresses(0, gigabyte))
    #expect(memblock.reserved.regions.count == 1)
  }

  @Test func `holes can be reserved and anything can be freed`() {
    var memblock = twoNodes()
    memblock.reserve(addresses(3 * gigabyte, 4 * gigabyte))
    memblock.free(addresses(0, 5 * gigabyte))
    #expect(memblock.reserved.regions.isEmpty)
    memblock.reserve(addresses(0x5000, 0x5000))
    #expect(memblock.reserved.regions.isEmpty)
    #expect(memblock.freeByteCount() == 2 * gigabyte)
  }

  @Test func `pages are counted whole and by node`() {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.add(addresses(0x1800, 0x4800), node: node0)
    memblock.add(addresses(0x8000, 0x9000), node: node1)
    #expect(memblock.presentPageCount(on: node0) == 2)
    #expect(memblock.presentPageCount(on: node1) == 1)
    #expect(memblock.presentPageCount() == 3)
    #expect(memblock.memoryEnd == PhysicalAddress(0x9000))
  }

  @Test func `free ranges stop at reservations and at the borders of regions`() {
    var memblock = twoNodes()
    memblock.reserve(addresses(megabyte, 2 * megabyte))
    memblock.reserve(addresses(gigabyte - megabyte, gigabyte + megabyte))
    #expect(
      memblock.freeRanges().map(\.range) == [
        addresses(0, megabyte), addresses(2 * megabyte, gigabyte - megabyte),
        addresses(gigabyte + megabyte, 2 * gigabyte),
      ])
    #expect(memblock.freeRanges(on: node1).map(\.node) == [node1])
  }

  @Test func `a firmware map becomes memory in whole pages`() {
    let map = MemoryMap([
      MemoryMapEntry(addresses(0, 0x9FC00), .usable),
      MemoryMapEntry(addresses(0x9FC00, 0xA0000), .reserved),
      MemoryMapEntry(addresses(0x10_0000, 0x7FFE_0000), .usable),
      MemoryMapEntry(addresses(0x1_0000_0000, 0x1_4000_0000), .softReserved),
    ])
    let layout = try? NodeLayout(ranges: [
      NodeRange(node: node0, range: addresses(0, 0xA0000)),
      NodeRange(node: node0, range: addresses(0x10_0000, 0x4000_0000)),
      NodeRange(node: node1, range: addresses(0x4000_0000, 0x8000_0000), isHotPluggable: true),
    ])
    let memblock = Memblock(map: map, layout: layout ?? .single, pageSize: .fourKiB)
    #expect(
      memblock.memory.regions == [
        MemblockRegion(addresses(0, 0x9F000), MemblockTraits(node: node0)),
        MemblockRegion(addresses(0x10_0000, 0x4000_0000), MemblockTraits(node: node0)),
        MemblockRegion(
          addresses(0x4000_0000, 0x7FFE_0000), MemblockTraits(node: node1, flags: .hotPluggable)),
      ])
    #expect(memblock.reserved.regions.map(\.range) == [addresses(0x1_0000_0000, 0x1_4000_0000)])
  }
}

@Suite struct `Boot allocation` {
  private func start(
    _ memblock: inout Memblock, _ byteCount: UInt, alignment: UInt = 4096,
    bounds: Range<PhysicalAddress> = addresses(0, .max),
    _ placement: MemblockRequest.Placement = .anywhere
  ) -> UInt? {
    let request = MemblockRequest(
      byteCount: byteCount, alignment: alignment, bounds: bounds, placement: placement)
    let range = try? memblock.allocate(request)
    #expect(memblock.checkInvariants() == [])
    return range?.lowerBound.rawValue
  }

  @Test func `memory is handed out from the top`() {
    var memblock = twoNodes()
    #expect(start(&memblock, 4096) == 2 * gigabyte - 4096)
    #expect(start(&memblock, 2 * megabyte, alignment: 2 * megabyte) == 2 * gigabyte - 4 * megabyte)
    #expect(start(&memblock, 4096) == 2 * gigabyte - 8192)
    #expect(memblock.reserved.regions.count == 2)
  }

  @Test func `memory is handed out from the bottom on request, never page zero`() {
    var memblock = twoNodes()
    memblock.direction = .bottomUp(from: PhysicalAddress(0))
    #expect(start(&memblock, 4096) == 4096)
    memblock.direction = .bottomUp(from: PhysicalAddress(16 * megabyte))
    #expect(start(&memblock, 4096) == 16 * megabyte)
    #expect(start(&memblock, gigabyte - 8 * megabyte) == gigabyte)
    #expect(start(&memblock, 4096, bounds: addresses(0, 8 * megabyte)) == 8192)
  }

  @Test func `page zero is never handed out`() {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.add(addresses(0, 8192))
    #expect(start(&memblock, 4096) == 4096)
    #expect(start(&memblock, 4096) == nil)
  }

  @Test func `a wish for a node is dropped and a demand is not`() {
    var memblock = twoNodes()
    #expect(start(&memblock, 4096, .preferred(node0)) == gigabyte - 4096)
    #expect(start(&memblock, gigabyte, alignment: gigabyte, .preferred(node0)) == gigabyte)
    #expect(start(&memblock, gigabyte, .exactly(node0)) == nil)
    #expect(start(&memblock, 4096, .exactly(node1)) == nil)
    #expect(start(&memblock, 4096, .exactly(NodeID(7))) == nil)
    #expect(start(&memblock, 4096, .preferred(NodeID(7))) == gigabyte - 8192)
  }

  @Test func `a lower limit is dropped and an upper is not`() {
    var memblock = twoNodes()
    let high = addresses(4 * gigabyte, 8 * gigabyte)
    #expect(start(&memblock, 4096, bounds: high) == 2 * gigabyte - 4096)
    #expect(start(&memblock, 4096, bounds: addresses(gigabyte / 2, gigabyte)) == gigabyte - 4096)
    #expect(start(&memblock, 4096, bounds: addresses(0, 4096)) == nil)
    memblock.limit = PhysicalAddress(megabyte)
    #expect(start(&memblock, 4096) == megabyte - 4096)
    #expect(start(&memblock, 2 * megabyte) == nil)
  }

  @Test func `mirrored memory is preferred and missed`() {
    var memblock = twoNodes()
    memblock.mark(.mirror, addresses(0, 2 * megabyte))
    #expect(start(&memblock, megabyte) == megabyte)
    #expect(memblock.mirrorMissCount == 0)
    #expect(start(&memblock, megabyte) == 2 * gigabyte - megabyte)
    #expect(memblock.mirrorMissCount == 1)
    #expect(start(&memblock, 4 * gigabyte) == nil)
    #expect(memblock.mirrorMissCount == 1)
  }

  @Test func `memory without mapping and of drivers is left alone`() {
    var memblock = twoNodes()
    memblock.mark(.noMap, addresses(gigabyte, 2 * gigabyte - megabyte))
    memblock.mark(.driverManaged, addresses(2 * gigabyte - megabyte, 2 * gigabyte))
    #expect(start(&memblock, 4096) == gigabyte - 4096)
    memblock.mark(.hotPluggable, addresses(0, gigabyte))
    #expect(start(&memblock, 4096) == gigabyte - 8192)
    memblock.avoidsHotPluggableMemory = true
    #expect(start(&memblock, 4096) == nil)
  }

  @Test func `allocations carry the flags of the design`() {
    var memblock = twoNodes()
    memblock.allocationFlags = .reservedByKernel
    #expect(start(&memblock, 4096) != nil)
    #expect(memblock.reserved.regions.first?.flags == .reservedByKernel)
  }

  @Test func `a request that makes no sense is refused`() {
    var memblock = twoNodes()
    for (byteCount, alignment) in [(UInt(0), UInt(4096)), (4096, 0), (4096, 3)] {
      #expect(throws: MemblockError.invalidRequest) {
        try memblock.allocate(MemblockRequest(byteCount: byteCount, alignment: alignment))
      }
    }
    #expect(throws: MemblockError.outOfMemory) {
      try memblock.allocate(MemblockRequest(byteCount: .max, alignment: 1 << 63))
    }
    #expect(memblock.reserved.regions.isEmpty)
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [Memblock.Direction.topDown, .bottomUp(from: PhysicalAddress(0))])
  func `thirty-two thousand huge pages leave one region`(direction: Memblock.Direction) throws {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.direction = direction
    memblock.add(addresses(0, 128 * gigabyte))
    for _ in 0..<32_768 {
      _ = try memblock.allocate(
        MemblockRequest(byteCount: 2 * megabyte, alignment: 2 * megabyte))
    }
    #expect(memblock.reserved.regions.count == 1)
  }
}

@Suite struct `Node layout` {
  @Test func `nodes may alternate, lie apart, or have nothing`() throws {
    let layout = try NodeLayout(
      ranges: [
        NodeRange(node: node1, range: addresses(0x2000, 0x3000)),
        NodeRange(node: node0, range: addresses(0x1000, 0x2000)),
        NodeRange(node: node0, range: addresses(0x4000, 0x5000)),
      ], memorylessNodes: [NodeID(3)])
    #expect(layout.nodes == [node0, node1, NodeID(3)])
    #expect(layout.memorylessNodes == [NodeID(3)])
    #expect(layout.node(at: PhysicalAddress(0x2000)) == node1)
    #expect(layout.node(at: PhysicalAddress(0x3000)) == nil)
    #expect(layout.node(at: PhysicalAddress(0x4FFF)) == node0)
    #expect(layout.distance(from: node0, to: node0) == 10)
    #expect(layout.distance(from: node0, to: NodeID(3)) == 20)
    #expect(layout.distance(from: node0, to: NodeID(2)) == nil)
  }

  @Test func `what a node has twice it has once, and for good`() throws {
    let layout = try NodeLayout(ranges: [
      NodeRange(node: node0, range: addresses(0x1000, 0x9000), isHotPluggable: true),
      NodeRange(node: node0, range: addresses(0, 0x2000)),
      NodeRange(node: node0, range: addresses(0x4000, 0x6000)),
      NodeRange(node: node0, range: addresses(0x5000, 0x6000)),
    ])
    #expect(
      layout.ranges == [
        NodeRange(node: node0, range: addresses(0, 0x2000)),
        NodeRange(node: node0, range: addresses(0x2000, 0x4000), isHotPluggable: true),
        NodeRange(node: node0, range: addresses(0x4000, 0x6000)),
        NodeRange(node: node0, range: addresses(0x6000, 0x9000), isHotPluggable: true),
      ])
    #expect(layout.hotPluggableEnd == PhysicalAddress(0x9000))
  }

  @Test func `nonsense is refused`() {
    let range = NodeRange(node: node0, range: addresses(0, 0x2000))
    #expect(throws: NodeLayoutError.noNodes) { try NodeLayout(ranges: []) }
    #expect(throws: NodeLayoutError.overlap(node0, node1, at: PhysicalAddress(0x1000))) {
      try NodeLayout(ranges: [range, NodeRange(node: node1, range: addresses(0x1000, 0x3000))])
    }
    #expect(throws: NodeLayoutError.nodeOutOfRange(NodeID(1024))) {
      try NodeLayout(ranges: [range], memorylessNodes: [NodeID(1024)])
    }
    #expect(throws: NodeLayoutError.distanceShape) {
      try NodeLayout(ranges: [range], distances: [[10, 20]])
    }
    #expect(throws: NodeLayoutError.invalidDistance(from: node0, to: node0)) {
      try NodeLayout(ranges: [range], distances: [[20]])
    }
  }
}
