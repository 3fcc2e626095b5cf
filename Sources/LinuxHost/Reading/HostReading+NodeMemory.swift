// SPDX-License-Identifier: Apache-2.0

/// Telling which node each piece of memory belongs to.
extension HostReading {
  /// Gives every byte of memory to one node: by the links of its block, else by the spans of the
  /// zones, else by the nodes' sizes; what nobody claims goes to the
  /// first node that has memory.
  mutating func assignMemory(_ layout: inout MemoryLayout) {
    addUnlistedNodes(&layout)
    var rest = layout.online
    var owned = [RangeSet<UInt>](repeating: RangeSet(), count: layout.nodes.count)
    let byBlocks = claimByBlocks(layout, &owned, &rest)
    let byZones = claimByZones(layout, &owned, &rest)
    if byBlocks || byZones {
      trace(.nodeMemory, byZones ? .derived : .read, byBlocks ? Self.blockFolder : "/proc/zoneinfo")
    } else if layout.nodes.count > 1 {
      claimBySize(layout, &owned, &rest)
      trace(.nodeMemory, .assumed)
      note(Self.nodeFolder, "where each node's memory is, is not known; laid out one after another")
    } else {
      trace(.nodeMemory, .read, Self.nodeFolder)
    }
    let heir = owned.firstIndex { !$0.isEmpty } ?? 0
    for index in layout.nodes.indices {
      if index == heir { owned[index].formUnion(rest) }
      layout.nodes[index].memory = Array(owned[index].ranges)
    }
  }

  /// Adds the nodes that only blocks or zones name; distances then no longer fit and are dropped.
  private mutating func addUnlistedNodes(_ layout: inout MemoryLayout) {
    let listed = Set(layout.nodes.map(\.id))
    var named = Set(layout.zones.map(\.node))
    for block in layout.blocks?.blocks ?? [] { named.formUnion(block.nodes) }
    let missing = named.subtracting(listed)
    guard !missing.isEmpty else { return }
    note(Self.nodeFolder, "nodes \(missing.sorted()) have memory but no directory; added")
    layout.nodes += missing.map {
      .init(id: $0, processors: [], memory: [], distances: [], hugePages: [])
    }
    layout.nodes.sort { $0.id < $1.id }
    for index in layout.nodes.indices { layout.nodes[index].distances = [] }
  }

  /// Claims the blocks that link to one node alone; `true` if there are any.
  private func claimByBlocks(
    _ layout: MemoryLayout, _ owned: inout [RangeSet<UInt>], _ rest: inout RangeSet<UInt>
  ) -> Bool {
    guard let blocks = layout.blocks else { return false }
    var found = false
    for (index, node) in layout.nodes.enumerated() {
      let claim = rest.intersection(blocks.ranges { $0.nodes == [node.id] })
      found = found || !claim.isEmpty
      owned[index].formUnion(claim)
      rest.subtract(claim)
    }
    return found
  }

  /// Claims what lies within the zones of a node; `true` if that was anything.
  private mutating func claimByZones(
    _ layout: MemoryLayout, _ owned: inout [RangeSet<UInt>], _ rest: inout RangeSet<UInt>
  ) -> Bool {
    var found = false
    var claimed = RangeSet<UInt>()
    let memory = rest
    for (index, node) in layout.nodes.enumerated() where !memory.isEmpty {
      let spans = RangeSet(
        layout.zones.lazy.filter { $0.node == node.id && $0.name != "Device" }.map { zone in
          let start = zone.startFrame &* layout.pageSize
          return start..<start &+ zone.spannedPages &* layout.pageSize
        })
      let claim = memory.intersection(spans)
      if !claim.intersection(claimed).isEmpty {
        note("/proc/zoneinfo", "zones of nodes overlap; memory in both went to the lower node")
      }
      claimed.formUnion(claim)
      owned[index].formUnion(claim.intersection(rest))
      rest.subtract(claim)
      found = found || !claim.isEmpty
    }
    return found
  }

  /// Gives each node a piece in proportion to its `MemTotal`, in the order of their numbers.
  private func claimBySize(
    _ layout: MemoryLayout, _ owned: inout [RangeSet<UInt>], _ rest: inout RangeSet<UInt>
  ) {
    let granule: UInt = 128 << 20
    let totals = layout.nodes.map { $0.total ?? 0 }
    // Sizes are below 2^56 and nodes below 2^10, so a sixteenth of each leaves room for the sum.
    let sum = totals.reduce(0) { $0 + $1 / 16 }
    guard sum > 0 else { return }
    let memory = rest.byteCount
    for (index, total) in totals.enumerated() {
      let share = memory.multipliedFullWidth(by: total / 16)
      // A share is at most the whole, so the quotient fits.
      let bytes = sum.dividingFullWidth(share).quotient
      let claim = rest.prefix(bytes: (bytes + granule / 2) / granule * granule)
      owned[index].formUnion(claim)
      rest.subtract(claim)
    }
    if let last = totals.lastIndex(where: { $0 > 0 }) {
      owned[last].formUnion(rest)
      rest = RangeSet()
    }
  }
}

extension RangeSet<UInt> {
  /// The lowest `bytes` addresses of the set, or all if it has fewer.
  fileprivate func prefix(bytes: UInt) -> Self {
    var left = bytes
    var result = Self()
    for range in ranges where left > 0 {
      let size = Swift.min(left, range.upperBound - range.lowerBound)
      result.formUnion(Self(range.lowerBound..<range.lowerBound + size))
      left -= size
    }
    return result
  }
}
