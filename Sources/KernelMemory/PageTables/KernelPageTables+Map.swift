// SPDX-License-Identifier: Apache-2.0

extension KernelPageTables {
  /// The table of `level` that translates `address`; missing tables on the way are made.
  ///
  /// - Precondition: no leaf maps `address` above `level`.
  /// - Throws: ``OutOfTables``; tables made on the way stay, and are found next time.
  func makeTable(
    for address: VirtualAddress, level: Int, from source: borrowing some PageTableSource
  ) throws(OutOfTables) -> EntryTable {
    var table = table(at: root)
    for current in stride(from: format.levelCount - 1, to: level, by: -1) {
      let index = format.index(of: address, at: current)
      switch format.state(of: table[index], at: current) {
      case .table(let next): table = self.table(at: next)
      case .leaf: preconditionFailure("a huge leaf is split before pages are mapped under it")
      case .absent:
        guard let frame = source.allocateTable(of: format.tableOrder(ofLevel: current - 1)) else {
          throw OutOfTables()
        }
        let next = format.pageSize.address(of: frame)
        table[index] = format.table(next, ofLevel: current - 1)
        machine.cost.add(1, to: .entriesWritten)
        table = self.table(at: next)
      }
    }
    return table
  }

  /// Maps the base page at `address` to `frame`.
  ///
  /// - Precondition: nothing is mapped there, so no TLB can hold a translation.
  func mapPage(
    at address: VirtualAddress, to frame: PageFrameNumber, _ protection: PageProtection,
    from source: borrowing some PageTableSource
  ) throws(OutOfTables) {
    let table = try makeTable(for: address, level: 0, from: source)
    let index = format.index(of: address, at: 0)
    assert(format.state(of: table[index], at: 0) == .absent, "a page is mapped once")
    table[index] = format.leaf(format.pageSize.address(of: frame), at: 0, protection)
    machine.cost.add(1, to: .entriesWritten)
  }

  /// Maps the PMD-sized block at `address` to the frames from `frame` on, with one leaf.
  ///
  /// - Precondition: both are aligned to the block, and nothing is mapped there.
  func mapBlock(
    at address: VirtualAddress, to frame: PageFrameNumber,
    from source: borrowing some PageTableSource
  ) throws(OutOfTables) {
    let table = try makeTable(for: address, level: 1, from: source)
    let index = format.index(of: address, at: 1)
    assert(format.state(of: table[index], at: 1) == .absent, "a block is mapped once")
    table[index] = format.leaf(format.pageSize.address(of: frame), at: 1)
    machine.cost.add(1, to: .entriesWritten)
  }
}
