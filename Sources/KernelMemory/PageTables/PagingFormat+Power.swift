// SPDX-License-Identifier: Apache-2.0

// Power ISA 3.1, book III, section "Radix Tree Translation"; kernel protections and address-space
// layout as Linux has them (spec 03 sections 2.5 and 4).
//
// A directory entry says how many index bits the next table has. The root directory has 13, so
// it fills 64 KiB whatever the page size. An entry that changes its frame has to be invalid in
// between (book III, "Translation Table Update Synchronization Requirements").

extension PagingFormat {
  /// powerpc64 radix tree with 4 KiB pages: 64 TiB of memory.
  public static let powerRadixWith4KPages = PagingFormat(
    name: "powerpc64-4k", regime: .powerRadix(.fourKiB),
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 39, bits: 13, allowsLeaf: false),
    ],
    bits: .power(frameMask: 0x01FF_FFFF_FFFF_F000), addressBits: 52,
    vmemmapBase: .powerVmemmap, directMapBase: .powerDirectMap,
    sectionShift: 24, physicalAddressBits: 46, allowsLiveRemap: false, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(12),
    hugePageOrders: HugePageOrders(mask: 1 << 9 | 1 << 18))

  /// powerpc64 radix tree with 64 KiB pages: 2 PiB of memory, 32 entries in a last-level table.
  public static let powerRadixWith64KPages = PagingFormat(
    name: "powerpc64-64k", regime: .powerRadix(.sixtyFourKiB),
    levels: [
      Level(name: .pte, shift: 16, bits: 5, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 39, bits: 13, allowsLeaf: false),
    ],
    bits: .power(frameMask: 0x01FF_FFFF_FFFF_0000), addressBits: 52,
    vmemmapBase: .powerVmemmap, directMapBase: .powerDirectMap,
    sectionShift: 24, physicalAddressBits: 51, allowsLiveRemap: false, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(8),
    hugePageOrders: HugePageOrders(mask: 1 << 5 | 1 << 14))
}

extension PagingFormat.Bits {
  /// Counted from the least significant bit: execute 0, write 1, read 2, privileged 3, dirty 7,
  /// accessed 8, leaf 62, valid 63.
  fileprivate static func power(frameMask: UInt64) -> Self {
    Self(
      frameMask: frameMask, frameShift: 0,
      present: 1 << 63,
      leafTest: (mask: 1 << 62, value: 1 << 62),
      writableTest: (mask: 1 << 1, value: 1 << 1),
      table: 1 << 63,
      readWrite: 0xC000_0000_0000_018E,
      readOnly: 0xC000_0000_0000_010C,
      hugeReadWrite: 0xC000_0000_0000_018E,
      tableCarriesIndexSize: true, isBigEndian: true)
  }
}

extension VirtualAddress {
  fileprivate static var powerVmemmap: Self { Self(0xC00C_0000_0000_0000) }
  fileprivate static var powerDirectMap: Self { Self(0xC000_0000_0000_0000) }
}
