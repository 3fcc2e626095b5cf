// SPDX-License-Identifier: Apache-2.0

/// One entry of a page table, in the bits of its architecture.
///
/// Raw bits stay in this folder: everybody else asks for the ``State``.
///
/// - Linux: `pte_t`, `pmd_t`, …
struct PageTableEntry: Equatable, Sendable {
  let rawValue: UInt64

  static var absent: Self { Self(rawValue: 0) }

  /// What an entry says.
  enum State: Equatable {
    /// Nothing is mapped.
    case absent
    /// A table of the next level starts here.
    case table(PhysicalAddress)
    /// Memory is mapped, starting here.
    case leaf(PhysicalAddress)
  }
}

/// What the kernel may do with a mapped page.
///
/// - Linux: `PAGE_KERNEL`, `PAGE_KERNEL_RO`.
enum PageProtection: Sendable {
  case readWrite, readOnly
}

extension PagingFormat {
  /// An entry that maps the memory at `address` by itself.
  @inline(__always)
  func leaf(
    _ address: PhysicalAddress, at level: Int, _ protection: PageProtection = .readWrite
  ) -> PageTableEntry {
    let kind =
      level == 0
      ? (protection == .readWrite ? bits.readWrite : bits.readOnly) : bits.hugeReadWrite
    return PageTableEntry(rawValue: frameBits(address) | kind)
  }

  /// An entry that points to the table of `level` at `address`.
  func table(_ address: PhysicalAddress, ofLevel level: Int) -> PageTableEntry {
    let size = bits.tableCarriesIndexSize ? UInt64(levels[level].bits) : 0
    return PageTableEntry(rawValue: frameBits(address) | bits.table | size)
  }

  /// What `entry`, found at `level`, says.
  @inline(__always)
  func state(of entry: PageTableEntry, at level: Int) -> PageTableEntry.State {
    if entry.rawValue & bits.present == 0 { return .absent }
    let address = address(in: entry)
    if level == 0 || entry.rawValue & bits.leafTest.mask == bits.leafTest.value {
      return .leaf(address)
    }
    return .table(address)
  }

  /// The physical address that a present entry carries.
  @inline(__always)
  func address(in entry: PageTableEntry) -> PhysicalAddress {
    let field = entry.rawValue & bits.frameMask
    return PhysicalAddress(
      UInt(
        bits.frameShift >= 0
          ? field &<< UInt64(bits.frameShift) : field &>> UInt64(-bits.frameShift)))
  }

  /// Whether a leaf of the last level can be written.
  @inline(__always)
  func isWritable(_ entry: PageTableEntry) -> Bool {
    entry.rawValue & bits.writableTest.mask == bits.writableTest.value
  }

  /// What a leaf's raw bits grow by from one frame to the next.
  @inline(__always)
  var frameStride: UInt64 { frameBits(PhysicalAddress(1 &<< levels[0].shift)) }

  @inline(__always)
  private func frameBits(_ address: PhysicalAddress) -> UInt64 {
    let raw = UInt64(address.rawValue)
    return
      (bits.frameShift >= 0 ? raw &>> UInt64(bits.frameShift) : raw &<< UInt64(-bits.frameShift))
      & bits.frameMask
  }
}
