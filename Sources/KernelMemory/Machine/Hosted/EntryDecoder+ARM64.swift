// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  // Arm Architecture Reference Manual for A-profile, chapter D8, section D8.3 "Translation table
  // descriptor formats" (VMSAv8-64).
  //
  // Output addresses have 48 bits (neither FEAT_LPA nor FEAT_LPA2), and software manages the
  // access flag and dirty state (TCR_EL1.HA and .HD are 0), so only AP[2] tells what can be
  // written. The contiguous hint changes no translation.

  extension EntryDecoder {
    @inline(__always)
    func decodeARM64(_ entry: UInt64, at shift: UInt) -> Verdict {
      let isValid = entry & 1 != 0
      let isTableOrPage = entry & 1 << 1 != 0
      guard isValid else { return .absent }
      let address = UInt(entry & 0x0000_FFFF_FFFF_F000)
      if isTableOrPage, shift > pageShift {
        // Bits 48 to 50 and those below the granule are RES0.
        guard entry & 0x0007_0000_0000_0000 == 0, address & ((1 &<< pageShift) &- 1) == 0 else {
          return .malformed
        }
        let next = Table(address: address, shift: shift &- indexBits, indexBits: indexBits)
        let deniesStoresBelow = entry & 1 << 62 != 0  // APTable[1]
        return .table(next, allowsStores: !deniesStoresBelow)
      }
      // At the last level bit 1 has to be set, above it blocks exist at few levels.
      guard isTableOrPage || allowsBlock(at: shift) else { return .malformed }
      let hasBeenAccessed = entry & 1 << 10 != 0
      let isReserved = entry & 0x0003_0000_0000_0000 != 0 || address & ((1 &<< shift) &- 1) != 0
      guard hasBeenAccessed, !isReserved else { return .malformed }
      let isReadOnly = entry & 1 << 7 != 0  // AP[2]
      return .leaf(PhysicalAddress(address), shift: shift, isWritable: !isReadOnly)
    }

    /// Blocks are 2 MiB and 1 GiB with 4 KiB pages, 32 MiB with 16 and 512 MiB with 64 KiB pages.
    @inline(__always)
    private func allowsBlock(at shift: UInt) -> Bool {
      shift == pageShift &+ indexBits || (pageShift == 12 && shift == 30)
    }
  }
#endif
