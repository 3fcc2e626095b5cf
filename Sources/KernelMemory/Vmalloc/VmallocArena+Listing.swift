// SPDX-License-Identifier: Apache-2.0

extension VmallocArena {
  /// Complete areas, and then those not purged yet, as this kernel lists them.
  ///
  /// - Source: spec 09 section 8.
  func listedAreas() -> [VmallocArea] {
    var complete: [VmallocArea] = []
    var unpurged: [VmallocArea] = []
    lock.withLock {
      tree.forEach { _, area in
        switch area.state {
        case .incomplete: return
        case .complete: complete.append(area)
        case .unpurged: unpurged.append(area)
        }
      }
    }
    return inOrder(complete) + inOrder(unpurged)
  }

  private func inOrder(_ areas: [VmallocArea]) -> [VmallocArea] {
    guard policy.listing == .byShard else { return areas }
    var shards = Array(repeating: [VmallocArea](), count: shardCount)
    for area in areas { shards[shard(of: area.start)].append(area) }
    return shards.flatMap { $0 }
  }

  /// One for each CPU, 128 at most.
  private var shardCount: Int { min(machine.cpuCount, 128) }

  /// The shard of the area that starts at `address`: stripes of 16 pages take turns.
  private func shard(of address: VirtualAddress) -> Int {
    Int((address.rawValue &>> (pageSize.shift &+ 4)) % UInt(shardCount))
  }

  /// The pages of `area` on each node, by position of the node.
  func nodePageCounts(of area: VmallocArea) -> [UInt] {
    var counts = topology.nodes.map { _ in UInt(0) }
    for pfn in area.pages {
      guard let node = topology.nodeID(of: pfn), let position = topology.position(of: node) else {
        continue
      }
      counts[position] &+= 1
    }
    return counts
  }
}
