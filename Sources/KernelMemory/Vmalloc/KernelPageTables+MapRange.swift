// SPDX-License-Identifier: Apache-2.0

/// Why a range could not be mapped. Nothing is mapped; tables made on the way stay.
enum MapRangeError: Error, Equatable {
  /// Something is mapped at an address of the range.
  case occupied(VirtualAddress)
  /// No frame was left for a table.
  case outOfTables
}

// Mapping comes in two steps. Preparing makes all tables and looks whether every entry is free: it
// can fail, and nothing is mapped yet. Committing writes the leaves, and cannot fail.

extension KernelPageTables {
  /// Makes whatever tables `mapping` needs.
  ///
  /// An empty table that stands where a huge leaf would is taken away if `removal` allows; if not,
  /// base pages will be mapped there.
  ///
  /// - Precondition: the range is the caller's, and nobody else makes tables meanwhile.
  /// - Throws: ``MapRangeError``.
  func prepare(
    _ mapping: RangeMapping, removal: VmallocPolicy.TableRemoval,
    from source: some PageTableSource
  ) throws(MapRangeError) {
    try prepare(
      mapping.range, of: mapping, upTo: mapping.largestLevel, removal: removal, from: source)
  }

  private func prepare(
    _ part: Range<VirtualAddress>, of mapping: RangeMapping, upTo limit: Int,
    removal: VmallocPolicy.TableRemoval, from source: some PageTableSource
  ) throws(MapRangeError) {
    try mapping.forEachSlot(of: part, upTo: limit, in: format) { slot throws(MapRangeError) in
      let address = slot.range.lowerBound
      let table = try makeFreeTable(for: address, level: slot.level, from: source)
      guard slot.level > 0 else { return try checkEntries(of: slot.range, in: table) }
      let entry = table[format.index(of: address, at: slot.level)]
      switch format.state(of: entry, at: slot.level) {
      case .absent: return
      case .leaf: throw .occupied(address)
      case .table(let lower):
        let upper = TablePlace(table: table, address: address, level: slot.level)
        if remove(lower, from: upper, removal, to: source) { return }
        try prepare(
          slot.range, of: mapping, upTo: slot.level - 1, removal: removal, from: source)
      }
    }
  }

  /// The table of `level` for `address`, made if need be.
  private func makeFreeTable(
    for address: VirtualAddress, level: Int, from source: some PageTableSource
  ) throws(MapRangeError) -> EntryTable {
    if let table = existingTable(for: address, level: level) { return table }
    if frame(mappedAt: address) != nil { throw .occupied(address) }
    do throws(OutOfTables) {
      return try makeTable(for: address, level: level, from: source)
    } catch {
      throw .outOfTables
    }
  }

  private func checkEntries(
    of range: Range<VirtualAddress>, in table: EntryTable
  ) throws(MapRangeError) {
    var address = range.lowerBound
    while address < range.upperBound {
      if table[format.index(of: address, at: 0)] != .absent { throw .occupied(address) }
      address = address.advanced(byBytes: format.pageSize.byteCount)
    }
  }

  /// Writes the leaves of a mapping that is prepared.
  ///
  /// No TLB can know anything of the addresses, so nothing is flushed.
  func commit(_ mapping: RangeMapping) {
    commit(mapping.range, of: mapping, upTo: mapping.largestLevel)
  }

  private func commit(_ part: Range<VirtualAddress>, of mapping: RangeMapping, upTo limit: Int) {
    mapping.forEachSlot(of: part, upTo: limit, in: format) { slot in
      let address = slot.range.lowerBound
      guard let table = existingTable(for: address, level: slot.level) else {
        preconditionFailure("a mapping is prepared before it is committed")
      }
      guard slot.level > 0 else { return fill(slot.range, of: mapping, in: table) }
      let index = format.index(of: address, at: slot.level)
      if case .table = format.state(of: table[index], at: slot.level) {
        return commit(slot.range, of: mapping, upTo: slot.level - 1)
      }
      let block = format.pageSize.address(of: mapping.frame(at: address))
      table[index] = format.leaf(block, at: slot.level)
      machine.cost.add(1, to: .entriesWritten)
    }
  }

  private func fill(
    _ range: Range<VirtualAddress>, of mapping: RangeMapping, in table: EntryTable
  ) {
    let size = format.pageSize
    var address = range.lowerBound
    while address < range.upperBound {
      let leaf = format.leaf(size.address(of: mapping.frame(at: address)), at: 0)
      table[format.index(of: address, at: 0)] = leaf
      address = address.advanced(byBytes: size.byteCount)
    }
    machine.cost.add(range.byteCount &>> size.shift, to: .entriesWritten)
  }
}

// MARK: Taking empty tables away

/// An entry that leads to a table.
private struct TablePlace {
  let table: EntryTable
  let address: VirtualAddress
  let level: Int
}

extension KernelPageTables {
  /// Takes the table at `place` out of the entry that leads to it, if it is one of the last level,
  /// has no entry, and nobody walks through it.
  ///
  /// CPUs may remember the way to it, so they forget it before its frame is given back.
  ///
  /// - Returns: whether the entry is free now.
  private func remove(
    _ place: PhysicalAddress, from upper: TablePlace, _ removal: VmallocPolicy.TableRemoval,
    to source: some PageTableSource
  ) -> Bool {
    guard upper.level == 1, isEmpty(table(at: place)) else { return false }
    let index = format.index(of: upper.address, at: 1)
    switch removal {
    case .whenNobodyWalks:
      addressSpaceLock.withWriteLock { upper.table[index] = .absent }
    case .ifNobodyWalks:
      guard addressSpaceLock.tryWithWriteLock({ upper.table[index] = .absent }) else {
        return false
      }
    }
    machine.cost.add(1, to: .entriesWritten)
    let page = upper.address..<upper.address.advanced(byBytes: format.pageSize.byteCount)
    PendingTLBFlush(page).commit(on: machine)
    source.freeUnlinkedTable(format.pageSize.frame(containing: place))
    return true
  }

  private func isEmpty(_ table: EntryTable) -> Bool {
    (0..<(1 &<< format.levels[0].bits)).allSatisfy { table[$0] == .absent }
  }
}
