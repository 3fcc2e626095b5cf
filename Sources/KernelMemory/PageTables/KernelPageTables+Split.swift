// SPDX-License-Identifier: Apache-2.0

/// What came of splitting a leaf.
enum SplitOutcome: ~Copyable {
  /// The leaf became a table; its frames start at `block`.
  case split(block: PageFrameNumber, PendingTLBFlush)
  /// A table was there already: nothing was done.
  case alreadyTable
}

extension KernelPageTables {
  /// Replaces the PMD leaf that maps `address` by a table of base pages with the same translation.
  ///
  /// Every address keeps its frame and can be written, before, during and after: the table is
  /// complete before it is linked with one store. A leaf that another CPU split meanwhile is
  /// success, and the spare table is given back.
  ///
  /// - Precondition: something is mapped at `address`.
  /// - Throws: ``OutOfTables``; nothing has changed.
  /// - Linux: `vmemmap_split_pmd()` (spec 03 section 5).
  func splitLeaf(
    at address: VirtualAddress, from source: borrowing some PageTableSource
  ) throws(OutOfTables) -> SplitOutcome {
    guard let upper = existingTable(for: address, level: 1) else {
      preconditionFailure("only mapped memory is split")
    }
    let index = format.index(of: address, at: 1)
    guard case .leaf(let block) = format.state(of: upper[index], at: 1) else {
      return .alreadyTable
    }
    guard let frame = source.allocateTable(of: .page) else { throw OutOfTables() }
    let spare = format.pageSize.address(of: frame)
    let count = 1 &<< format.levels[0].bits
    table(at: spare).fill(count, from: block, format: format)
    machine.cost.add(count &+ 1, to: .entriesWritten)
    return link(spare, over: block, in: upper, index: index, at: address, source: source)
  }

  /// Puts the complete table `spare` in the place of the leaf for `block`, unless it is gone.
  private func link(
    _ spare: PhysicalAddress, over block: PhysicalAddress, in upper: EntryTable, index: UInt,
    at address: VirtualAddress, source: borrowing some PageTableSource
  ) -> SplitOutcome {
    let isMine = splitLock.withLock {
      guard case .leaf = format.state(of: upper[index], at: 1) else { return false }
      upper[index] = format.table(spare, ofLevel: 0)
      return true
    }
    guard isMine else {
      source.freeUnlinkedTable(format.pageSize.frame(containing: spare))
      return .alreadyTable
    }
    let start = address.rounded(downToBytes: format.pmdByteCount)
    return .split(
      block: format.pageSize.frame(containing: block),
      PendingTLBFlush(start..<start.advanced(byBytes: format.pmdByteCount)))
  }
}
