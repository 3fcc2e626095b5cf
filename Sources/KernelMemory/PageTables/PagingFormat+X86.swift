// SPDX-License-Identifier: Apache-2.0

// Intel 64 Software Developer's Manual, volume 3, chapter 4 "Paging"; kernel protections and
// address-space layout as Linux has them (spec 03 sections 2.1 and 4).

extension PagingFormat {
  /// x86-64 with four levels: 48-bit addresses, 64 TiB of memory.
  public static let x86FourLevel = PagingFormat(
    name: "x86_64", regime: .x86FourLevel,
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 39, bits: 9, allowsLeaf: false),
    ],
    bits: .x86, addressBits: 48,
    vmemmapBase: VirtualAddress(0xFFFF_EA00_0000_0000),
    directMapBase: VirtualAddress(0xFFFF_8880_0000_0000),
    sectionShift: 27, physicalAddressBits: 46, allowsLiveRemap: true, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10), hugePageOrders: .x86)

  /// x86-64 with five levels: 57-bit addresses, 4 PiB of memory.
  public static let x86FiveLevel = PagingFormat(
    name: "x86_64-la57", regime: .x86FiveLevel,
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .p4d, shift: 39, bits: 9, allowsLeaf: false),
      Level(name: .pgd, shift: 48, bits: 9, allowsLeaf: false),
    ],
    bits: .x86, addressBits: 57,
    vmemmapBase: VirtualAddress(0xFFD4_0000_0000_0000),
    directMapBase: VirtualAddress(0xFF11_0000_0000_0000),
    sectionShift: 27, physicalAddressBits: 52, allowsLiveRemap: true, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10), hugePageOrders: .x86)
}

extension PagingFormat.Bits {
  /// P 0, RW 1, A 5, D 6, PSE 7, G 8, NX 63.
  fileprivate static let x86 = Self(
    frameMask: 0x000F_FFFF_FFFF_F000, frameShift: 0,
    present: 1 << 0,
    leafTest: (mask: 1 << 7, value: 1 << 7),
    writableTest: (mask: 1 << 1, value: 1 << 1),
    table: 0x063,
    readWrite: 0x8000_0000_0000_0163,
    readOnly: 0x8000_0000_0000_0121,
    hugeReadWrite: 0x8000_0000_0000_01E3,
    tableCarriesIndexSize: false, isBigEndian: false)
}

extension HugePageOrders {
  /// 2 MiB and 1 GiB.
  fileprivate static let x86 = Self(mask: 1 << 9 | 1 << 18)
}
