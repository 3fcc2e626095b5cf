// SPDX-License-Identifier: Apache-2.0

/// What the tables say of an address.
enum PageLookUp: Equatable {
  /// Nothing is mapped.
  case nothing
  /// It is mapped to this frame.
  case frame(PageFrameNumber)
  /// An entry of this level is neither free, nor a leaf, nor leads to a table.
  case bad(level: Int)
}

extension KernelPageTables {
  /// Looks up the page at `address`, trusting no entry.
  ///
  /// At each level the entry is free, or a leaf, or bad, and only then a table: on x86-64 every leaf
  /// is bad to whoever takes it for a table, so leaves come before that question.
  ///
  /// - Source: spec 09 section 5.
  func lookUp(_ address: VirtualAddress) -> PageLookUp {
    var table = table(at: root)
    var level = format.levelCount - 1
    while true {
      let entry = table[format.index(of: address, at: level)]
      if entry == .absent { return .nothing }
      switch format.state(of: entry, at: level) {
      case .absent: return level == 0 ? .nothing : .bad(level: level)
      case .leaf(let block):
        guard format.levels[level].allowsLeaf else { return .bad(level: level) }
        let offset = address.rawValue & ((1 &<< format.levels[level].shift) &- 1)
        return .frame(format.pageSize.frame(containing: block.advanced(byBytes: offset)))
      case .table(let next):
        guard entry == format.table(next, ofLevel: level - 1), hasTable(at: next, level: level - 1)
        else { return .bad(level: level) }
        table = self.table(at: next)
        level -= 1
      }
    }
  }

  /// Whether a table of `level` can lie at `place`.
  private func hasTable(at place: PhysicalAddress, level: Int) -> Bool {
    let byteCount: UInt = 8 &<< format.levels[level].bits
    return place.rawValue < machine.span && byteCount <= machine.span &- place.rawValue
  }
}
