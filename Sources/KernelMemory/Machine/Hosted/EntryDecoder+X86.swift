// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  // Intel 64 Software Developer's Manual, volume 3, chapter 4 "Paging", tables 4-15 to 4-20.
  //
  // Physical addresses have 52 bits, so bits 12 to 51 of an entry are never reserved. CR0.WP is
  // set: the kernel may not write what is read-only. The processor sets A and D by itself; nobody
  // reads them here, so the decoder leaves them as they are.

  extension EntryDecoder {
    @inline(__always)
    func decodeX86(_ entry: UInt64, at shift: UInt) -> Verdict {
      let isPresent = entry & 1 != 0
      let isWritable = entry & 1 << 1 != 0
      guard isPresent else { return .absent }
      let address = UInt(entry & 0x000F_FFFF_FFFF_F000)
      if shift == 12 {
        return .leaf(PhysicalAddress(address), shift: 12, isWritable: isWritable)
      }
      let isLarge = entry & 1 << 7 != 0
      guard isLarge else {
        let next = Table(address: address, shift: shift &- 9, indexBits: 9)
        return .table(next, allowsStores: isWritable)
      }
      // Bit 7 is reserved above the directory-pointer table.
      guard shift <= 30 else { return .malformed }
      // Between PAT (bit 12) and the frame, a large leaf has only reserved bits.
      let frame = address & ~(1 << 12)
      guard frame & ((1 &<< shift) &- 1) == 0 else { return .malformed }
      return .leaf(PhysicalAddress(frame), shift: shift, isWritable: isWritable)
    }
  }
#endif
