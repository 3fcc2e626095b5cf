// SPDX-License-Identifier: Apache-2.0

// Where vmalloc areas lie, and how large their mappings can be (spec 09 sections 1 and 2).

extension PagingFormat {
  /// The addresses of vmalloc areas.
  ///
  /// On x86-64 and powerpc64 as Linux has them without randomisation; on riscv64 what lies between
  /// vmemmap and direct map; on arm64 from the end of the modules to a gap below the vmemmap.
  ///
  /// - Source: spec 09 section 1, spec 03 section 4; Linux documents the others' layouts.
  public var vmallocRange: Range<VirtualAddress> {
    switch regime {
    case .x86FourLevel: Self.addresses(from: 0xFFFF_C900_0000_0000, byteCount: 32 << 40)
    case .x86FiveLevel: Self.addresses(from: 0xFFA0_0000_0000_0000, byteCount: 12_800 << 40)
    case .arm64:
      VirtualAddress(0xFFFF_8000_8000_0000)..<VirtualAddress(vmemmapBase.rawValue &- 8 << 20)
    // The vmemmap has 64 bytes for each page of half the address space.
    case .riscv: vmemmapBase.advanced(byBytes: 1 &<< (addressBits &- 7))..<directMapBase
    case .powerRadix: Self.addresses(from: 0xC008_0000_0000_0000, byteCount: 512 << 40)
    }
  }

  private static func addresses(from start: UInt, byteCount: UInt) -> Range<VirtualAddress> {
    VirtualAddress(start)..<VirtualAddress(start).advanced(byBytes: byteCount)
  }

  /// The order of areas that are mapped with leaves of the level above the last.
  var pmdOrder: PageOrder { defaultHugePageOrder }

  /// The order of the entries that the contiguous hint makes one; nil if there is no such hint.
  ///
  /// The hint itself is not set: it says nothing to a walk, and the simulated TLBs hold base pages.
  ///
  /// - Linux: `arch_vmap_pte_supported_shift()`.
  var entryGroupOrder: PageOrder? {
    guard case .arm64(let size, _) = regime else { return nil }
    switch size.shift {
    case 12: return PageOrder(4)
    case 14: return PageOrder(7)
    default: return PageOrder(5)
    }
  }

  /// The highest level whose leaves may map a device's memory: PUD at most.
  ///
  /// - Linux: `IOREMAP_MAX_ORDER`.
  var largestDeviceLevel: Int {
    var level = 0
    while level + 1 < levelCount, levels[level + 1].allowsLeaf, levels[level + 1].name <= .pud {
      level += 1
    }
    return level
  }

  /// The level whose leaves map blocks of `order`; 0 if none does.
  func leafLevel(of order: PageOrder) -> Int {
    for level in 1..<levelCount
    where levels[level].allowsLeaf && levels[level].shift == pageSize.shift &+ UInt(order.rawValue)
    { return level }
    return 0
  }
}

extension VirtualAddress {
  /// Whether the address is a multiple of `byteCount`, a power of two.
  func isAligned(toBytes byteCount: UInt) -> Bool { rawValue & (byteCount &- 1) == 0 }
}

extension Range where Bound == VirtualAddress {
  /// The bytes in the range.
  var byteCount: UInt { upperBound.rawValue &- lowerBound.rawValue }
}
