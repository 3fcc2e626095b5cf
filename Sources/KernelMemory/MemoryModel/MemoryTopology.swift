// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The machine's memory as the kernel divides it: nodes, their zones, and sections.
///
/// - Linux: `node_data[]`, `node_zones`.
final class MemoryTopology: Sendable {
  /// All nodes that there can be, by ascending number.
  let nodes: [MemoryNode]
  /// All zones of all nodes, node by node, lowest kind first; also those without memory.
  let zones: ObjectTable<Zone>
  let sections: SectionTable
  private let highest: Atomic<UInt>

  init(nodes: [MemoryNode], zones: [Zone], sections: SectionTable, end: PageFrameNumber) {
    self.nodes = nodes
    self.zones = ObjectTable(zones)
    self.sections = sections
    highest = Atomic(end.rawValue)
  }

  /// One more than the highest frame that ever had a descriptor.
  var end: PageFrameNumber { PageFrameNumber(highest.load(ordering: .relaxed)) }

  /// Notes that frames below `end` have descriptors.
  func noteEnd(_ end: PageFrameNumber) { highest.max(end.rawValue, ordering: .relaxed) }

  /// The zone that spans `pfn`.
  ///
  /// A section that belongs to one zone says so; at a border the spans are searched. Where spans
  /// of interleaved nodes overlap, the node's own memory decides.
  @inline(__always)
  func zone(of pfn: PageFrameNumber) -> Zone? { zoneIndex(of: pfn).map { zones[$0] } }

  /// Lends the zone that spans `pfn` to `body`, which must not keep it; nil if there is none.
  @inline(__always)
  func withZone<Result>(of pfn: PageFrameNumber, _ body: (Zone) -> Result) -> Result? {
    guard let index = zoneIndex(of: pfn) else { return nil }
    return zones.with(index, body)
  }

  /// The place in ``zones`` of the zone that spans `pfn`.
  @inline(__always)
  func zoneIndex(of pfn: PageFrameNumber) -> Int? {
    if let index = sections.zoneIndex(of: sections.number(of: pfn)) { return index }
    return searchZone(of: pfn)
  }

  @inline(never)
  private func searchZone(of pfn: PageFrameNumber) -> Int? {
    for node in nodes {
      if node.ownMemory.range(with: pfn) != nil {
        return node.zoneIndexes.first {
          zones[$0].kind != .device && zones[$0].bootSpan.contains(pfn)
        }
      }
      if node.deviceMemory.range(with: pfn) != nil { return deviceZoneIndex(of: node) }
    }
    return nil
  }

  /// The place in ``zones`` of the zone for memory of devices near `node`.
  func deviceZoneIndex(of node: MemoryNode) -> Int? {
    node.zoneIndexes.first { zones[$0].kind == .device }
  }

  /// Where the memory of `zone` that begins at `pfn` ends, looking no farther than `limit`: at the
  /// zone's end, or before that where memory of another zone or node comes between.
  func end(
    of zone: Zone, after pfn: PageFrameNumber, limit: PageFrameNumber
  ) -> PageFrameNumber {
    var end = pfn
    while end < limit {
      let number = sections.number(of: end)
      let section = min(limit, sections.frames(of: number).upperBound)
      let index = sections.zoneIndex(of: number)
      let part = index == nil ? endInSharedSection(of: zone, after: end) : section
      guard index == nil || index == zone.index, part > end else { return end }
      guard part >= section else { return part }
      end = section
    }
    return limit
  }

  /// The same where several zones have a part of the section: their spans tell, which only memory of
  /// the boot shares in this way.
  private func endInSharedSection(of zone: Zone, after pfn: PageFrameNumber) -> PageFrameNumber {
    guard self.zone(of: pfn) === zone else { return pfn }
    let memory = node(zone.node)?.ownMemory.range(with: pfn)
    return min(zone.bootSpan.upperBound, memory?.upperBound ?? zone.bootSpan.upperBound)
  }

  /// Calls `body` with each run of the memory of `node` that belongs to one zone, ascending.
  func forEachZoneMemory(of node: MemoryNode, _ body: (FrameRange, Zone) -> Void) {
    for memory in node.memory {
      var start = memory.lowerBound
      while start < memory.upperBound {
        guard let zone = zone(of: start) else {
          start = sections.frames(of: sections.number(of: start)).upperBound
          continue
        }
        let end = end(of: zone, after: start, limit: memory.upperBound)
        body(start..<end, zone)
        start = end
      }
    }
  }

  /// The node `id`.
  func node(_ id: NodeID) -> MemoryNode? { nodes.first { $0.id == id } }

  /// The position of node `id` in ``nodes``.
  @inline(__always)
  func position(of id: NodeID) -> Int? {
    // Not with a closure over the array, which would be retained.
    for position in 0..<nodes.count where nodes[position].id == id { return position }
    return nil
  }

  /// The node with the memory `pfn`.
  @inline(__always)
  func nodeID(of pfn: PageFrameNumber) -> NodeID? { withZone(of: pfn) { $0.node } }

  /// Whether `pfn` is memory, not a hole.
  func hasMemory(at pfn: PageFrameNumber) -> Bool {
    nodes.contains { $0.ownMemory.range(with: pfn) != nil }
  }
}
