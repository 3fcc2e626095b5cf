// SPDX-License-Identifier: Apache-2.0

/// Divides a machine's memory into nodes, zones and sections.
///
/// - Linux: `free_area_init()`.
struct TopologyBuilder {
  let pageSize: PageSize
  let limits: ZoneLimits
  /// The memory of all nodes, ascending, without overlaps.
  let memory: [NodeMemory]
  /// All nodes, with and without memory, ascending.
  let nodeIDs: [NodeID]
  /// Those of them that come online with their first memory.
  let lateNodeIDs: [NodeID]
  /// Distances, row by row in the order of ``nodeIDs``; empty for the default.
  let distances: [[Int]]
  let sectionOrder: PageOrder
  let pageblockOrder: PageOrder
  /// Where movable memory begins on each node, in the order of ``nodeIDs``; nil for none.
  let movableStarts: [PageFrameNumber?]
  /// One more than the highest frame of memory.
  let end: PageFrameNumber
  /// One more than the highest frame that sections can describe, when memory is added later.
  let describableEnd: PageFrameNumber

  /// The finished topology; sections with memory are present, early and online.
  func build() -> MemoryTopology {
    var zones: [Zone] = []
    let nodes = nodeIDs.indices.map { makeNode(at: $0, zones: &zones) }
    let sections = SectionTable(
      order: sectionOrder, pageblockOrder: pageblockOrder, end: describableEnd)
    for piece in memory { addSections(of: piece, to: sections, zones: zones, nodes: nodes) }
    return MemoryTopology(
      nodes: nodes, zones: zones, sections: sections,
      end: memory.map { $0.frames.upperBound }.max() ?? PageFrameNumber(0))
  }

  private func makeNode(at position: Int, zones: inout [Zone]) -> MemoryNode {
    let id = nodeIDs[position]
    let own = memory.compactMap { $0.node == id ? $0.frames : nil }
    let indexes = ZoneKind.allCases.map { kind in
      let span = span(of: kind, on: position, memory: own)
      let present = own.reduce(UInt(0)) { $0 &+ Self.overlap($1, span) }
      zones.append(
        Zone(index: zones.count, node: id, kind: kind, span: span, presentPageCount: present))
      return zones.count - 1
    }
    return MemoryNode(
      id: id, presence: NodePresence(isOnline: !own.isEmpty || !lateNodeIDs.contains(id)),
      ownMemory: MemoryRanges(own), zoneIndexes: indexes,
      distances: distanceRow(of: position))
  }

  private func distanceRow(of position: Int) -> [Int] {
    if position < distances.count { return distances[position] }
    return nodeIDs.indices.map { $0 == position ? 10 : 20 }
  }

  /// The span of one zone: what its limits leave of the node's memory, movable memory apart.
  private func span(of kind: ZoneKind, on position: Int, memory own: [FrameRange]) -> FrameRange {
    let none = PageFrameNumber(0)..<PageFrameNumber(0)
    guard let first = own.first, let last = own.last, kind != .device else { return none }
    let node = first.lowerBound..<last.upperBound
    let movable = position < movableStarts.count ? movableStarts[position] : nil
    if kind == .movable {
      guard let movable, movable < node.upperBound else { return none }
      return max(movable, node.lowerBound)..<node.upperBound
    }
    var frames = limits.frames(of: kind, pageSize: pageSize, end: end).clamped(to: node)
    if let movable, movable < frames.upperBound {
      frames = frames.lowerBound..<max(frames.lowerBound, movable)
    }
    return frames.isEmpty ? none : frames
  }

  private static func overlap(_ a: FrameRange, _ b: FrameRange) -> UInt {
    a.clamped(to: b).pageCount
  }

  private func addSections(
    of piece: NodeMemory, to sections: SectionTable, zones: [Zone], nodes: [MemoryNode]
  ) {
    let first = sections.number(of: piece.frames.lowerBound).rawValue
    let last = sections.number(of: PageFrameNumber(piece.frames.upperBound.rawValue - 1)).rawValue
    for number in first...last {
      let number = SectionNumber(number)
      let frames = sections.frames(of: number)
      let owner = soleOwner(of: frames, zones: zones)
      sections.makePageblocks(of: number, type: .movable)
      sections.update(number) { section in
        section.marks.formUnion([.present, .online, .early])
        section.zoneIndex = owner
        section.subsections |= Self.subsections(of: piece.frames, in: frames)
      }
    }
  }

  /// The zone whose memory is all the memory in `frames`, if it is just one.
  private func soleOwner(of frames: FrameRange, zones: [Zone]) -> UInt16? {
    var owner: UInt16?
    for piece in memory where piece.frames.overlaps(frames) {
      let part = piece.frames.clamped(to: frames)
      for zone in zones where zone.node == piece.node && zone.span.overlaps(part) {
        if let owner, owner != UInt16(zone.index) { return nil }
        owner = UInt16(zone.index)
      }
    }
    return owner
  }

  /// The bits of the subsections of a section at `section` that `frames` touch.
  private static func subsections(of frames: FrameRange, in section: FrameRange) -> UInt64 {
    let part = frames.clamped(to: section)
    guard !part.isEmpty else { return 0 }
    let size = max(section.pageCount / 64, 1)
    let first = (part.lowerBound.rawValue - section.lowerBound.rawValue) / size
    let last = (part.upperBound.rawValue - 1 - section.lowerBound.rawValue) / size
    return last - first == 63 ? ~0 : ((1 << (UInt64(last - first) + 1)) - 1) << UInt64(first)
  }
}
