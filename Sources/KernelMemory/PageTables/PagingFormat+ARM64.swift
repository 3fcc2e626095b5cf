// SPDX-License-Identifier: Apache-2.0

// Arm Architecture Reference Manual for A-profile, chapter D8 (VMSAv8-64); kernel protections and
// address-space layout as Linux has them (spec 03 sections 2.2 and 4).
//
// All three formats have 48-bit addresses. The linear map is the lower half of the kernel's
// space and so holds 128 TiB, which is also all that the vmemmap describes; the vmemmap ends
// 1 GiB below the top. A live entry may not change its output address without having been invalid
// in between (D8.16 "break-before-make").

extension PagingFormat {
  /// arm64 with 4 KiB pages and 48-bit addresses: four levels.
  public static let arm64With4KPages = PagingFormat(
    name: "arm64-4k", regime: .arm64(.fourKiB, addressBits: 48),
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 39, bits: 9, allowsLeaf: false),
    ],
    bits: .arm64(frameMask: 0x0000_FFFF_FFFF_F000), addressBits: 48,
    vmemmapBase: VirtualAddress(0xFFFF_FDFF_C000_0000), directMapBase: .arm64LinearMap,
    sectionShift: 27, physicalAddressBits: 47, allowsLiveRemap: false, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10),
    // 64 KiB and 32 MiB are groups of 16 entries with the contiguous hint.
    hugePageOrders: HugePageOrders(mask: 1 << 4 | 1 << 9 | 1 << 13 | 1 << 18))

  /// arm64 with 16 KiB pages and 48-bit addresses: four levels, two entries in the top table.
  public static let arm64With16KPages = PagingFormat(
    name: "arm64-16k", regime: .arm64(.sixteenKiB, addressBits: 48),
    levels: [
      Level(name: .pte, shift: 14, bits: 11, allowsLeaf: true),
      Level(name: .pmd, shift: 25, bits: 11, allowsLeaf: true),
      Level(name: .pud, shift: 36, bits: 11, allowsLeaf: false),
      Level(name: .pgd, shift: 47, bits: 1, allowsLeaf: false),
    ],
    bits: .arm64(frameMask: 0x0000_FFFF_FFFF_C000), addressBits: 48,
    vmemmapBase: VirtualAddress(0xFFFF_FF7F_C000_0000), directMapBase: .arm64LinearMap,
    sectionShift: 27, physicalAddressBits: 47, allowsLiveRemap: false, populatesHugeVmemmap: false,
    maximumOrder: PageOrder(11),
    // 2 MiB and 1 GiB are groups of 128 and 32 entries.
    hugePageOrders: HugePageOrders(mask: 1 << 7 | 1 << 11 | 1 << 16))

  /// arm64 with 64 KiB pages and 48-bit addresses: three levels, 64 entries in the top table.
  public static let arm64With64KPages = PagingFormat(
    name: "arm64-64k", regime: .arm64(.sixtyFourKiB, addressBits: 48),
    levels: [
      Level(name: .pte, shift: 16, bits: 13, allowsLeaf: true),
      Level(name: .pmd, shift: 29, bits: 13, allowsLeaf: true),
      Level(name: .pgd, shift: 42, bits: 6, allowsLeaf: false),
    ],
    bits: .arm64(frameMask: 0x0000_FFFF_FFFF_0000), addressBits: 48,
    vmemmapBase: VirtualAddress(0xFFFF_FFDF_C000_0000), directMapBase: .arm64LinearMap,
    sectionShift: 29, physicalAddressBits: 47, allowsLiveRemap: false, populatesHugeVmemmap: false,
    maximumOrder: PageOrder(13),
    // 2 MiB and 16 GiB are groups of 32 entries.
    hugePageOrders: HugePageOrders(mask: 1 << 5 | 1 << 13 | 1 << 18))
}

extension PagingFormat.Bits {
  /// Valid 0, table or page 1, read-only 7, inner shareable 8–9, accessed 10, software write 51,
  /// PXN 53, UXN 54, software dirty 55; memory attribute index 0 is normal memory.
  fileprivate static func arm64(frameMask: UInt64) -> Self {
    Self(
      frameMask: frameMask, frameShift: 0,
      present: 1 << 0,
      leafTest: (mask: 1 << 1, value: 0),
      writableTest: (mask: 1 << 7, value: 0),
      table: 0b11,
      readWrite: 0x00E8_0000_0000_0703,
      readOnly: 0x00E0_0000_0000_0783,
      hugeReadWrite: 0x00E8_0000_0000_0701,
      tableCarriesIndexSize: false, isBigEndian: false)
  }
}

extension VirtualAddress {
  fileprivate static var arm64LinearMap: Self { Self(0xFFFF_0000_0000_0000) }
}
