// SPDX-License-Identifier: Apache-2.0

/// An area as it was when it was looked at; somebody may free it meanwhile.
struct ListedArea {
  let area: VmallocArea
  let state: VmallocArea.State
  let pages: [PageFrameNumber]
  /// Whether the list of its pages has an area of its own.
  let hasPageArray: Bool

  /// The caller holds the arena's lock.
  init(_ area: VmallocArea) {
    self.area = area
    state = area.state
    pages = area.pages
    hasPageArray = area.pageArray != nil
  }
}

extension VmallocArena {
  /// Complete areas, and then those not purged yet, as this kernel lists them.
  ///
  /// - Source: spec 09 section 8.
  func listedAreas() -> [ListedArea] {
    var complete: [ListedArea] = []
    var unpurged: [ListedArea] = []
    lock.withLock {
      tree.forEach { _, area in
        switch area.state {
        case .incomplete: return
        case .complete: complete.append(ListedArea(area))
        case .unpurged: unpurged.append(ListedArea(area))
        }
      }
    }
    return inOrder(complete) + inOrder(unpurged)
  }

  private func inOrder(_ areas: [ListedArea]) -> [ListedArea] {
    guard policy.listing == .byShard else { return areas }
    var shards = Array(repeating: [ListedArea](), count: shardCount)
    for area in areas { shards[shard(of: area.area.start)].append(area) }
    return shards.flatMap { $0 }
  }

  /// One for each CPU, 128 at most.
  private var shardCount: Int { min(machine.cpuCount, 128) }

  /// The shard of the area that starts at `address`: stripes of 16 pages take turns.
  private func shard(of address: VirtualAddress) -> Int {
    Int((address.rawValue &>> (pageSize.shift &+ 4)) % UInt(shardCount))
  }

  /// How many of `pages` are on each node, by position of the node.
  func nodePageCounts(of pages: [PageFrameNumber]) -> [UInt] {
    var counts = topology.nodes.map { _ in UInt(0) }
    for pfn in pages {
      guard let node = topology.nodeID(of: pfn), let position = topology.position(of: node) else {
        continue
      }
      counts[position] &+= 1
    }
    return counts
  }
}
