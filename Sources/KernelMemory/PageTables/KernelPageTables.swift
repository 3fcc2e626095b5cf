// SPDX-License-Identifier: Apache-2.0

/// Where new page tables come from.
///
/// The boot allocator gives them early, the page allocator later.
protocol PageTableSource {
  /// Zeroed frames for a table, aligned to its size, or nil if there are none.
  borrowing func allocateTable(of order: PageOrder) -> PageFrameNumber?
  /// Takes back a table of one frame that was never linked.
  borrowing func freeUnlinkedTable(_ frame: PageFrameNumber)
}

/// No frame was left for a page table.
struct OutOfTables: Error, Equatable {}

/// The page tables of the kernel's address space, as far as they map the vmemmap.
///
/// Tables live in the machine's memory, in the format's own bits; this class only knows where the
/// top one is. Two locks guard them:
///
/// - ``addressSpaceLock`` is held for reading by everybody who walks, for writing by whoever takes
///   tables away;
/// - ``splitLock`` is held to replace a leaf by a table or the other way round.
///
/// Entries of the last level have no lock: whoever owns the folio they describe owns them.
///
/// - Linux: `init_mm`.
final class KernelPageTables: Sendable {
  let machine: Machine
  let format: PagingFormat
  /// The top table.
  let root: PhysicalAddress
  let addressSpaceLock = ReaderWriterLock(.addressSpace)
  let splitLock = SpinLock(.split)

  /// Makes empty tables and switches `machine` to them.
  init(
    machine: Machine, format: PagingFormat, source: borrowing some PageTableSource
  ) throws(OutOfTables) {
    // Some formats have a top table larger than a page (powerpc64).
    let order = format.tableOrder(ofLevel: format.levelCount - 1)
    guard let frame = source.allocateTable(of: order) else { throw OutOfTables() }
    self.machine = machine
    self.format = format
    root = format.pageSize.address(of: frame)
    machine.setTranslationRoot(root)
  }

  /// The table at `address`.
  @inline(__always)
  func table(at address: PhysicalAddress) -> EntryTable {
    EntryTable(at: address, machine: machine, format: format)
  }

  /// The table of `level` that translates `address`, if all levels above lead to one.
  @inline(__always)
  func existingTable(for address: VirtualAddress, level: Int) -> EntryTable? {
    var table = table(at: root)
    var current = format.levelCount &- 1
    while current > level {
      let entry = table[format.index(of: address, at: current)]
      guard case .table(let next) = format.state(of: entry, at: current) else { return nil }
      table = self.table(at: next)
      current &-= 1
    }
    return table
  }

  /// The entry of the last level for `address`, if tables lead there.
  func entry(for address: VirtualAddress) -> PageTableEntry? {
    existingTable(for: address, level: 0)?[format.index(of: address, at: 0)]
  }

  /// The frame that the tables map `address` to, at whatever level; nil if to none.
  func frame(mappedAt address: VirtualAddress) -> PageFrameNumber? {
    var table = table(at: root)
    var level = format.levelCount - 1
    while true {
      let entry = table[format.index(of: address, at: level)]
      switch format.state(of: entry, at: level) {
      case .absent: return nil
      case .table(let next): table = self.table(at: next)
      case .leaf(let start):
        let offset = address.rawValue & ((1 &<< format.levels[level].shift) &- 1)
        return format.pageSize.frame(containing: start.advanced(byBytes: offset))
      }
      level -= 1
    }
  }
}
