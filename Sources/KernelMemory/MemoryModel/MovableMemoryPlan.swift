// SPDX-License-Identifier: Apache-2.0

/// Decides where movable memory begins on each node.
///
/// The kernel's own share is spread evenly: each node with memory gives the same number of pages,
/// and what a small node cannot give the others give in further rounds. Only memory of the highest
/// zone can be movable; what lies below it counts as the kernel's.
///
/// - Linux: `find_zone_movable_pfns_for_nodes()`.
struct MovableMemoryPlan {
  /// The memory of all nodes.
  let memory: [NodeMemory]
  /// All online nodes, ascending.
  let nodeIDs: [NodeID]
  /// The first frame of the highest zone.
  let highestZoneStart: PageFrameNumber
  /// A movable zone starts at a multiple of this order.
  let alignment: PageOrder

  /// For each node, the first movable frame; nil if it has none.
  ///
  /// - Parameter kernelPageCount: the pages that the kernel keeps for itself on all nodes.
  func starts(keeping kernelPageCount: UInt) -> [PageFrameNumber?] {
    var given = Array(repeating: UInt(0), count: nodeIDs.count)
    var missing = kernelPageCount
    while missing > 0 {
      let open = nodeIDs.indices.filter { given[$0] < pageCount(of: $0) }
      guard !open.isEmpty else { break }
      let share = max(missing / UInt(open.count), 1)
      for node in open where missing > 0 {
        // Low memory is the kernel's anyway and counts first.
        let least = given[node] == 0 ? lowPageCount(of: node) : 0
        let more = min(max(share, least), pageCount(of: node) - given[node])
        given[node] += more
        missing -= min(more, missing)
      }
    }
    return nodeIDs.indices.map { start(on: $0, after: given[$0]) }
  }

  private func ranges(of position: Int) -> [FrameRange] {
    memory.compactMap { $0.node == nodeIDs[position] ? $0.frames : nil }
  }

  private func pageCount(of position: Int) -> UInt {
    ranges(of: position).reduce(0) { $0 + $1.pageCount }
  }

  private func lowPageCount(of position: Int) -> UInt {
    ranges(of: position).reduce(0) { count, range in
      count
        + (range.lowerBound < highestZoneStart
          ? min(range.upperBound, highestZoneStart).rawValue - range.lowerBound.rawValue : 0)
    }
  }

  /// The aligned frame behind the node's first `pageCount` pages.
  private func start(on position: Int, after pageCount: UInt) -> PageFrameNumber? {
    var left = pageCount
    for range in ranges(of: position) {
      if left >= range.pageCount {
        left -= range.pageCount
        continue
      }
      let start = PageFrameNumber(range.lowerBound.rawValue + left).aligned(upTo: alignment)
      let lowest = max(start, highestZoneStart)
      guard let end = ranges(of: position).last?.upperBound, lowest < end else { return nil }
      return lowest
    }
    return nil
  }
}
