// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  // The RISC-V Instruction Set Manual, volume II (privileged), sections "Sv39" to "Sv57" and
  // "Svnapot".
  //
  // The processor has Svade (it never sets A and D but faults) and Svnapot, not Svpbmt; the kernel
  // runs with SUM and MXR clear.

  extension EntryDecoder {
    @inline(__always)
    func decodeRISCV(_ entry: UInt64, at shift: UInt) -> Verdict {
      let isValid = entry & 1 != 0
      guard isValid else { return .absent }
      // Bits 54 to 60 are reserved, and so are 61 and 62 without Svpbmt.
      guard entry & 0x7FC0_0000_0000_0000 == 0 else { return .malformed }
      let address = UInt(entry & 0x003F_FFFF_FFFF_FC00) &<< 2
      let isGroup = entry & 1 << 63 != 0
      let permissions = entry & 0b1110  // R, W, X
      if permissions == 0 {
        // A pointer has U, A and D clear and is no group, and the last level has none.
        guard entry & 0b1101_0000 == 0, !isGroup, shift > 12 else { return .malformed }
        let next = Table(address: address, shift: shift &- 9, indexBits: 9)
        return .table(next, allowsStores: true)
      }
      // Writable without readable is reserved; execute-only and user pages the kernel cannot load.
      let isReadable = permissions & 0b0010 != 0
      let isUser = entry & 1 << 4 != 0
      let hasBeenAccessed = entry & 1 << 6 != 0
      guard isReadable, !isUser, hasBeenAccessed else { return .malformed }
      let isWritable = permissions & 0b0100 != 0
      let isDirty = entry & 1 << 7 != 0
      return riscvLeaf(
        at: address, shift: shift, isGroup: isGroup, isWritable: isWritable && isDirty)
    }

    /// A leaf starts on its own size; a group of 16 pages says so in the low bits of its frame.
    @inline(__always)
    private func riscvLeaf(
      at address: UInt, shift: UInt, isGroup: Bool, isWritable: Bool
    ) -> Verdict {
      if isGroup {
        guard shift == 12, address & 0xF000 == 0x8000 else { return .malformed }
        return .leaf(PhysicalAddress(address & ~0xF000), shift: 16, isWritable: isWritable)
      }
      guard address & ((1 &<< shift) &- 1) == 0 else { return .malformed }
      return .leaf(PhysicalAddress(address), shift: shift, isWritable: isWritable)
    }
  }
#endif
