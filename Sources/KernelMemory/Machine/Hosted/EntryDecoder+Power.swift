// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  // Power ISA 3.1, book III, section "Radix Tree Translation". Its bit 0 is the most significant.
  //
  // The tree has the shapes that processors implement: 13, 9, 9 and then 9 index bits for 4 KiB
  // pages or 5 for 64 KiB pages. Software manages R and C.

  extension EntryDecoder {
    @inline(__always)
    func decodePower(_ entry: UInt64, at shift: UInt) -> Verdict {
      let isValid = entry & 1 << 63 != 0
      let isLeaf = entry & 1 << 62 != 0
      guard isValid else { return .absent }
      return isLeaf ? powerLeaf(entry, at: shift) : powerDirectory(entry, at: shift)
    }

    @inline(__always)
    private func powerDirectory(_ entry: UInt64, at shift: UInt) -> Verdict {
      let next = UInt(entry & 0x0FFF_FFFF_FFFF_FF00)  // NLB
      let size = UInt(entry & 0x1F)  // NLS
      // Bits 2, 3 and 56 to 58 are reserved; the next table starts on its own size.
      guard entry & 0x3000_0000_0000_00E0 == 0, next & ((8 &<< size) &- 1) == 0,
        shift > pageShift, size == (shift == 21 ? 21 &- pageShift : 9)
      else { return .malformed }
      let table = Table(address: next, shift: shift &- size, indexBits: size)
      return .table(table, allowsStores: true)
    }

    @inline(__always)
    private func powerLeaf(_ entry: UInt64, at shift: UInt) -> Verdict {
      let address = UInt(entry & 0x01FF_FFFF_FFFF_F000)  // RPN
      let isReadable = entry & 0x6 != 0  // EAA: read, or read and write
      let isWritable = entry & 0x2 != 0
      let isReferenced = entry & 0x100 != 0
      let isChanged = entry & 0x80 != 0
      // Bits 3 to 6 and 57 are reserved; a page is one base page, 2 MiB or 1 GiB.
      guard entry & 0x1E00_0000_0000_0040 == 0, shift <= 30, isReadable, isReferenced,
        address & ((1 &<< shift) &- 1) == 0
      else { return .malformed }
      return .leaf(PhysicalAddress(address), shift: shift, isWritable: isWritable && isChanged)
    }
  }
#endif
