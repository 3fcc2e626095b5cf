// SPDX-License-Identifier: Apache-2.0

// The RISC-V Instruction Set Manual, volume II (privileged), sections "Sv39", "Sv48", "Sv57";
// address-space layout as Linux documents it (spec 03 sections 2.3 and 4).
//
// Entries have room for 56-bit physical addresses; the formats claim what the kernel's direct
// map holds. Linux has no read-only kernel protection here: whoever asks gets read-write.

extension PagingFormat {
  /// riscv64 with three levels: 39-bit addresses, 128 GiB of memory.
  public static let riscvSv39 = PagingFormat(
    name: "riscv64-sv39", regime: .riscv(levels: 3),
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 30, bits: 9, allowsLeaf: true),
    ],
    bits: .riscv, addressBits: 39,
    vmemmapBase: VirtualAddress(0xFFFF_FFC7_0000_0000),
    directMapBase: VirtualAddress(0xFFFF_FFD6_0000_0000),
    sectionShift: 27, physicalAddressBits: 37, allowsLiveRemap: true, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10), hugePageOrders: .riscv)

  /// riscv64 with four levels: 48-bit addresses, 64 TiB of memory.
  public static let riscvSv48 = PagingFormat(
    name: "riscv64-sv48", regime: .riscv(levels: 4),
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 39, bits: 9, allowsLeaf: true),
    ],
    bits: .riscv, addressBits: 48,
    vmemmapBase: VirtualAddress(0xFFFF_8D80_0000_0000),
    directMapBase: VirtualAddress(0xFFFF_AF80_0000_0000),
    sectionShift: 27, physicalAddressBits: 46, allowsLiveRemap: true, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10), hugePageOrders: .riscv)

  /// riscv64 with five levels: 57-bit addresses, 32 PiB of memory.
  public static let riscvSv57 = PagingFormat(
    name: "riscv64-sv57", regime: .riscv(levels: 5),
    levels: [
      Level(name: .pte, shift: 12, bits: 9, allowsLeaf: true),
      Level(name: .pmd, shift: 21, bits: 9, allowsLeaf: true),
      Level(name: .pud, shift: 30, bits: 9, allowsLeaf: true),
      Level(name: .p4d, shift: 39, bits: 9, allowsLeaf: true),
      Level(name: .pgd, shift: 48, bits: 9, allowsLeaf: true),
    ],
    bits: .riscv, addressBits: 57,
    vmemmapBase: VirtualAddress(0xFF1C_0000_0000_0000),
    directMapBase: VirtualAddress(0xFF60_0000_0000_0000),
    sectionShift: 27, physicalAddressBits: 55, allowsLiveRemap: true, populatesHugeVmemmap: true,
    maximumOrder: PageOrder(10), hugePageOrders: .riscv)
}

extension PagingFormat.Bits {
  /// V 0, R 1, W 2, X 3, G 5, A 6, D 7, frame number from bit 10 on.
  ///
  /// A leaf has any of R, W and X; the kernel has none without R.
  fileprivate static let riscv = Self(
    frameMask: 0x003F_FFFF_FFFF_FC00, frameShift: 2,
    present: 1 << 0,
    leafTest: (mask: 1 << 1, value: 1 << 1),
    writableTest: (mask: 1 << 2, value: 1 << 2),
    table: 0x01,
    readWrite: 0xE7,
    readOnly: 0xE7,
    hugeReadWrite: 0xE7,
    tableCarriesIndexSize: false, isBigEndian: false)
}

extension HugePageOrders {
  /// 64 KiB (Svnapot), 2 MiB and 1 GiB.
  fileprivate static let riscv = Self(mask: 1 << 4 | 1 << 9 | 1 << 18)
}
