// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `The order in which zones are asked` {
  /// Nodes of 128 MiB each from 4 GiB on, and 64 MiB low memory on the first; the last has none.
  private func host(distances: [[Int]]? = nil) throws -> AllocatorHost {
    let gigabyte: UInt = 1 << 30
    let piece: UInt = 128 << 20
    let ranges: [(Int, UInt, UInt)] = [
      (0, 1 << 20, 64 << 20), (0, 4 * gigabyte, 4 * gigabyte + piece),
      (1, 4 * gigabyte + piece, 4 * gigabyte + 2 * piece),
      (2, 4 * gigabyte + 2 * piece, 4 * gigabyte + 3 * piece),
    ]
    let layout = try NodeLayout(
      ranges: ranges.map { node, start, end in
        NodeRange(node: NodeID(node), range: PhysicalAddress(start)..<PhysicalAddress(end))
      }, memorylessNodes: [NodeID(3)], distances: distances)
    return AllocatorHost(
      try TestHost(map: AllocatorHost.map(ranges.map { ($0.1, $0.2) }), layout: layout))
  }

  private func order(from node: Int, in host: AllocatorHost) -> [String] {
    host.allocator.zoneOrders[node].map { host.topology.zones[$0] }.filter(\.isPopulated).map {
      "\($0.node.rawValue)/\($0.kind)"
    }
  }

  @Test func `own zones come first, high to low, then the other nodes in turn`() throws {
    let host = try host()
    #expect(order(from: 0, in: host) == ["0/normal", "0/dma32", "0/dma", "1/normal", "2/normal"])
    #expect(order(from: 1, in: host) == ["1/normal", "2/normal", "0/normal", "0/dma32", "0/dma"])
    #expect(order(from: 2, in: host) == ["2/normal", "0/normal", "0/dma32", "0/dma", "1/normal"])
    #expect(order(from: 3, in: host) == ["0/normal", "0/dma32", "0/dma", "1/normal", "2/normal"])
  }

  @Test func `nearer nodes come before farther ones`() throws {
    let distances = [[10, 40, 20, 30], [40, 10, 30, 20], [20, 30, 10, 40], [30, 20, 40, 10]]
    let host = try host(distances: distances)
    #expect(order(from: 0, in: host) == ["0/normal", "0/dma32", "0/dma", "2/normal", "1/normal"])
    #expect(order(from: 3, in: host) == ["1/normal", "0/normal", "0/dma32", "0/dma", "2/normal"])
  }

  /// P-BUDDY 20.
  @Test func `each zone that may have memory one day is on each node's list once`() throws {
    let host = try host()
    let zones = host.topology.zones.filter { $0.kind != .device }.map { $0.index }
    for order in host.allocator.zoneOrders { #expect(order.sorted() == zones) }
  }

  /// P-BUDDY 11.
  @Test func `a request for one node gets memory of that node or none`() throws {
    let host = try host()
    var held: UInt = 0
    while let pfn = host.allocator.allocateBlock(PageOrder(9), on: NodeID(1), [.thisNode]) {
      #expect(host.topology.nodeID(of: pfn) == NodeID(1))
      held += 512
    }
    #expect(held > 0)
    host.check(holding: held)
    let elsewhere = try #require(host.allocator.allocateBlock(PageOrder(9), on: NodeID(1), []))
    #expect(host.topology.nodeID(of: elsewhere) == NodeID(2))
    host.check(holding: held + 512)
  }

  @Test func `a node without memory borrows, unless it must not`() throws {
    let host = try host()
    #expect(host.allocator.allocateFrame(on: NodeID(3), [.thisNode]) == nil)
    let pfn = try #require(host.allocator.allocateFrame(on: NodeID(3)))
    #expect(host.topology.nodeID(of: pfn) == NodeID(0))
    host.check(holding: 1)
    host.allocator.freeFrame(pfn)
    host.check()
  }

  @Test func `a node that is not there gets nothing`() throws {
    let host = try host()
    #expect(host.allocator.allocateFrame(on: NodeID(9)) == nil)
    #expect(host.allocator.allocateContiguous(PageOrder(11), on: NodeID(9), []) == nil)
    host.check()
  }

  @Test func `only movable requests reach a movable zone`() throws {
    let host = AllocatorHost(
      try TestHost(memory: 1 << 30, commandLine: "movablecore=512M"))
    #expect(host.zone(.movable).isPopulated)
    let movable = try #require(host.allocator.allocateBlock(PageOrder(9), on: NodeID(0), .movable))
    #expect(host.topology.zone(of: movable)?.kind == .movable)
    var held: UInt = 512
    while let pfn = host.allocator.allocateBlock(PageOrder(10), on: NodeID(0), []) {
      #expect(host.topology.zone(of: pfn)?.kind != .movable)
      held += 1024
    }
    host.check(holding: held)
  }

  @Test func `a request larger than any block is refused`() throws {
    let host = try host()
    let order = host.allocator.maximumOrder.next
    #expect(host.allocator.allocateBlock(order, on: NodeID(0), [.movable]) == nil)
    host.check()
  }
}
