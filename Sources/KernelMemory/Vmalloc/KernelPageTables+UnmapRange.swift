// SPDX-License-Identifier: Apache-2.0

/// A huge leaf lies only partly in the range: it goes as a whole or not at all. Nothing has changed.
struct CutLeaf: Error, Equatable {
  /// Where the leaf begins.
  var address: VirtualAddress
}

extension KernelPageTables {
  /// Unmaps whatever is mapped in `range`; tables stay.
  ///
  /// - Throws: ``CutLeaf``.
  func unmap(_ range: Range<VirtualAddress>) throws(CutLeaf) -> PendingTLBFlush {
    var cut: VirtualAddress?
    forEachLeaf(in: range) { leaf in
      if leaf.start < range.lowerBound
        || leaf.start.advanced(byBytes: leaf.byteCount) > range.upperBound
      {
        cut = cut ?? leaf.start
      }
    }
    if let cut { throw CutLeaf(address: cut) }
    var count: UInt = 0
    forEachLeaf(in: range) { leaf in
      leaf.table[leaf.index] = .absent
      count &+= 1
    }
    machine.cost.add(count, to: .entriesWritten)
    return count > 0 ? PendingTLBFlush(range) : .nothing
  }

  /// A leaf, where it was found.
  struct FoundLeaf {
    let table: EntryTable
    let index: UInt
    let start: VirtualAddress
    let byteCount: UInt
  }

  /// Calls `body` with each leaf that maps a part of `range`.
  private func forEachLeaf(in range: Range<VirtualAddress>, _ body: (FoundLeaf) -> Void) {
    visit(table(at: root), level: format.levelCount - 1, in: range, body)
  }

  private func visit(
    _ table: EntryTable, level: Int, in range: Range<VirtualAddress>, _ body: (FoundLeaf) -> Void
  ) {
    let step: UInt = 1 &<< format.levels[level].shift
    var address = range.lowerBound
    while address < range.upperBound {
      let start = address.rounded(downToBytes: step)
      let next = start.advanced(byBytes: step)
      let end = next > address ? min(next, range.upperBound) : range.upperBound
      let index = format.index(of: address, at: level)
      switch format.state(of: table[index], at: level) {
      case .absent: break
      case .table(let lower):
        visit(self.table(at: lower), level: level - 1, in: address..<end, body)
      case .leaf: body(FoundLeaf(table: table, index: index, start: start, byteCount: step))
      }
      address = end
    }
  }
}
