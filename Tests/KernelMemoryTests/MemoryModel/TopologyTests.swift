// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Nodes, zones and sections` {
  /// Memory in units of 1 MiB.
  private func topology(
    _ memory: [(node: Int, Range<UInt>)], nodes: [Int]? = nil, limits: ZoneLimits = .x86,
    movableStarts: [UInt?] = []
  ) -> MemoryTopology {
    let pieces = memory.map { node, range in
      NodeMemory(
        node: NodeID(node),
        frames: PageFrameNumber(range.lowerBound << 8)..<PageFrameNumber(range.upperBound << 8))
    }
    let end = pieces.map { $0.frames.upperBound }.max() ?? PageFrameNumber(0)
    return TopologyBuilder(
      pageSize: .fourKiB, limits: limits, memory: pieces,
      nodeIDs: (nodes ?? Array(Set(memory.map { $0.node })).sorted()).map { NodeID($0) },
      lateNodeIDs: [], distances: [], sectionOrder: PageOrder(15), pageblockOrder: PageOrder(9),
      movableStarts: movableStarts.map { $0.map { PageFrameNumber($0 << 8) } }, end: end,
      describableEnd: end
    ).build()
  }

  /// Node, kind, span and presence of the populated zones, in MiB.
  private func zones(of topology: MemoryTopology) -> [String] {
    topology.zones.filter { $0.isPopulated }.map { zone in
      let (start, end) = (zone.span.lowerBound.rawValue >> 8, zone.span.upperBound.rawValue >> 8)
      return
        "\(zone.node.rawValue) \(zone.kind) \(start)..<\(end) has \(zone.presentPageCount >> 8)"
    }
  }

  @Test func `a node's memory is cut at 16 MiB and 4 GiB`() {
    let topology = topology([(0, 1..<3072), (0, 4096..<8192)])
    #expect(
      zones(of: topology) == [
        "0 dma 1..<16 has 15", "0 dma32 16..<4096 has 3056", "0 normal 4096..<8192 has 4096",
      ])
    #expect(topology.zones.count == 5)
    #expect(topology.end == PageFrameNumber(8192 << 8))
  }

  @Test func `other architectures have fewer zones`() {
    let arm = topology([(0, 0..<8192)], limits: .dma32Only)
    #expect(
      zones(of: arm) == ["0 dma32 0..<4096 has 4096", "0 normal 4096..<8192 has 4096"])
    let power = topology([(0, 0..<8192)], limits: .none)
    #expect(zones(of: power) == ["0 normal 0..<8192 has 8192"])
  }

  @Test func `spans of nodes that take turns overlap, and the memory decides`() {
    let topology = topology([(0, 4096..<4352), (1, 4352..<4480), (0, 4480..<5120)])
    #expect(
      zones(of: topology) == [
        "0 normal 4096..<5120 has 896", "1 normal 4352..<4480 has 128",
      ])
    for (mebibyte, node) in [(4096, 0), (4351, 0), (4352, 1), (4479, 1), (4480, 0)] {
      let pfn = PageFrameNumber(UInt(mebibyte) << 8)
      #expect(topology.zone(of: pfn)?.node == NodeID(node))
      #expect(topology.nodeID(of: pfn) == NodeID(node))
    }
    #expect(topology.zone(of: PageFrameNumber(5120 << 8)) == nil)
  }

  @Test func `nodes that take turns inside a section are told apart frame by frame`() {
    let topology = topology([(0, 4096..<4128), (1, 4128..<4160), (0, 4160..<4224)])
    let section = topology.sections[SectionNumber(32)]
    #expect(section.zoneIndex == nil)
    #expect(topology.zone(of: PageFrameNumber(4127 << 8))?.node == NodeID(0))
    #expect(topology.zone(of: PageFrameNumber(4128 << 8))?.node == NodeID(1))
    #expect(topology.zone(of: PageFrameNumber(4160 << 8))?.node == NodeID(0))
  }

  @Test func `a zone's memory ends where another node's comes between`() throws {
    let topology = topology([(0, 4096..<4352), (1, 4352..<4480), (0, 4480..<5120)])
    let zone = try #require(topology.zones.first { $0.isPopulated })
    #expect(
      topology.end(
        of: zone, after: PageFrameNumber(4097 << 8), limit: PageFrameNumber(8192 << 8))
        == PageFrameNumber(4352 << 8))
    #expect(
      topology.end(
        of: zone, after: PageFrameNumber(4480 << 8), limit: PageFrameNumber(8192 << 8))
        == PageFrameNumber(5120 << 8))
  }

  @Test func `sections with memory are present, early and online, with what they have`() {
    let topology = topology([(0, 1..<200), (0, 1024..<1026)])
    for number in [0, 1, 8] as [UInt] {
      let section = topology.sections[SectionNumber(number)]
      #expect(section.marks == [.present, .online, .early])
    }
    for number in [2, 7, 9] as [UInt] {
      #expect(topology.sections[SectionNumber(number)].marks == [])
    }
    #expect(topology.sections[SectionNumber(0)].subsections == ~0)
    #expect(topology.sections[SectionNumber(1)].subsections == 1 << 36 - 1)
    #expect(topology.sections[SectionNumber(8)].subsections == 1)
    #expect(topology.sections.migrateType(of: PageFrameNumber(1024 << 8)) == .movable)
  }

  @Test func `a section that one zone has alone says which`() {
    let topology = topology([(0, 1..<3072), (1, 4096..<8192)])
    // The first section has DMA and DMA32.
    #expect(topology.sections[SectionNumber(0)].zoneIndex == nil)
    #expect(topology.sections[SectionNumber(1)].zoneIndex == 1)
    #expect(topology.sections[SectionNumber(32)].zoneIndex == 7)
  }

  @Test func `a node without memory has no populated zone`() {
    let topology = topology([(0, 1..<1024)], nodes: [0, 1])
    #expect(topology.nodes.count == 2)
    #expect(!topology.nodes[1].hasMemory)
    #expect(topology.nodes[1].zoneIndexes.allSatisfy { !topology.zones[$0].isPopulated })
    #expect(topology.nodes[0].distances == [10, 20])
    #expect(topology.nodes[1].distances == [20, 10])
  }

  @Test func `movable memory is what lies above its start, in the highest zone`() {
    let topology = topology([(0, 1..<3072), (0, 4096..<8192)], movableStarts: [6000])
    #expect(
      zones(of: topology) == [
        "0 dma 1..<16 has 15", "0 dma32 16..<4096 has 3056", "0 normal 4096..<6000 has 1904",
        "0 movable 6000..<8192 has 2192",
      ])
  }

  @Test func `a zone's name and place are in each of its descriptors`() throws {
    let topology = topology([(0, 1..<1024), (3, 4096..<5000)])
    let zone = try #require(topology.zone(of: PageFrameNumber(4096 << 8)))
    #expect(DescriptorPlace.node(in: zone.place) == NodeID(3))
    #expect(DescriptorPlace.zone(in: zone.place) == .normal)
  }
}
