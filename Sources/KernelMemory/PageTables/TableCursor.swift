// SPDX-License-Identifier: Apache-2.0

/// The last-level table that was used last.
///
/// Neighbours share a table: whoever changes the entries of one after another walks down to it once.
///
/// It is good as long as nobody gives the table up: something that the table maps is in the hands of
/// whoever has the cursor.
struct TableCursor {
  /// The addresses that the table maps; none at first.
  private(set) var addresses = VirtualAddress(0)..<VirtualAddress(0)
  private var table: EntryTable?

  /// The last-level table that maps `address`; nil if a huge leaf does, or nothing.
  @inline(__always)
  mutating func table(for address: VirtualAddress, in tables: KernelPageTables) -> EntryTable? {
    addresses.contains(address) ? table : find(address, in: tables)
  }

  @inline(never)
  private mutating func find(
    _ address: VirtualAddress, in tables: KernelPageTables
  ) -> EntryTable? {
    guard let found = tables.existingTable(for: address, level: 0) else { return nil }
    let start = address.rounded(downToBytes: tables.format.pmdByteCount)
    addresses = start..<start.advanced(byBytes: tables.format.pmdByteCount)
    table = found
    return found
  }

  /// The frame that `address` is mapped to, at whatever level; nil if to none.
  @inline(__always)
  mutating func frame(
    mappedAt address: VirtualAddress, in tables: KernelPageTables
  ) -> PageFrameNumber? {
    guard let table = table(for: address, in: tables) else {
      return tables.frame(mappedAt: address)
    }
    let entry = table[tables.format.index(of: address, at: 0)]
    guard case .leaf(let start) = tables.format.state(of: entry, at: 0) else { return nil }
    return tables.format.pageSize.frame(containing: start)
  }
}
