// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The machine's memory as the kernel divides it: nodes, their zones, and sections.
///
/// - Linux: `node_data[]`, `node_zones`.
final class MemoryTopology: Sendable {
  /// Online nodes, by ascending number.
  let nodes: [MemoryNode]
  /// All zones of all nodes, node by node, lowest kind first; also those without memory.
  let zones: [Zone]
  let sections: SectionTable
  private let highest: Atomic<UInt>
  /// Held by whoever adds memory or takes it away.
  ///
  /// - Linux: `mem_hotplug_lock`.
  let hotplugLock = SpinLock()

  init(nodes: [MemoryNode], zones: [Zone], sections: SectionTable, end: PageFrameNumber) {
    self.nodes = nodes
    self.zones = zones
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
          zones[$0].kind != .device && zones[$0].span.contains(pfn)
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

  /// Where the memory of `zone` that begins at `pfn` ends: at the zone's end, or before that where
  /// another node's memory comes between.
  func end(of zone: Zone, after pfn: PageFrameNumber) -> PageFrameNumber {
    let memory = node(zone.node)?.ownMemory.range(with: pfn)
    return min(zone.span.upperBound, memory?.upperBound ?? zone.span.upperBound)
  }

  /// The online node `id`.
  func node(_ id: NodeID) -> MemoryNode? { nodes.first { $0.id == id } }

  /// The position of node `id` in ``nodes``.
  @inline(__always)
  func position(of id: NodeID) -> Int? {
    // Not with a closure over the array, which would be retained.
    for position in 0..<nodes.count where nodes[position].id == id { return position }
    return nil
  }

  /// The node with the memory `pfn`.
  func nodeID(of pfn: PageFrameNumber) -> NodeID? { zone(of: pfn)?.node }

  /// Whether `pfn` is memory, not a hole.
  func hasMemory(at pfn: PageFrameNumber) -> Bool {
    nodes.contains { $0.ownMemory.range(with: pfn) != nil }
  }
}
