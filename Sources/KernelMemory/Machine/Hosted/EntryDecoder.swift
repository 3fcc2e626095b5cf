// SPDX-License-Identifier: Apache-2.0

#if !hasFeature(Embedded)
  /// What a processor makes of the 64 bits of a page-table entry.
  ///
  /// This is the referee of the page tables: it follows the architecture manuals and shares
  /// nothing with the code that builds entries, so a mistake on either side shows as a wrong
  /// translation or a fault. Where a manual leaves a form to software or calls a bit reserved, the
  /// decoder takes the strictest reading: ``Verdict/malformed``.
  ///
  /// A level is named by its *shift*: log2 of the bytes that one entry maps.
  struct EntryDecoder: Sendable {
    /// What one entry says.
    enum Verdict: Equatable {
      /// Nothing is mapped here.
      case absent
      /// The walk goes on in `table`; without `allowsStores` nothing below can be written.
      case table(Table, allowsStores: Bool)
      /// `1 << shift` bytes of memory start at `address`.
      case leaf(PhysicalAddress, shift: UInt, isWritable: Bool)
      /// The processor would fault on every access, or the manual promises nothing.
      case malformed
    }

    /// A table, and how to find an entry in it.
    struct Table: Equatable {
      /// Where the table starts.
      var address: UInt
      /// log2 of the bytes that one of its entries maps.
      var shift: UInt
      /// log2 of the number of its entries.
      var indexBits: UInt

      /// The physical address of the entry for `address`.
      @inline(__always)
      func slot(for address: VirtualAddress) -> UInt {
        let index = (address.rawValue &>> shift) & ((1 &<< indexBits) &- 1)
        return self.address &+ index &* 8
      }
    }

    /// Whose entries these are.
    enum Architecture { case x86, arm64, riscv, power }

    let architecture: Architecture
    /// log2 of the base page's bytes.
    let pageShift: UInt
    /// The bits of a virtual address that tables translate.
    let addressBits: UInt
    /// The index bits of every level but, on some architectures, the top one.
    let indexBits: UInt
    /// The levels between root and base page.
    let levelCount: UInt

    /// Decodes entries as a processor does that is switched to `regime`.
    ///
    /// - Precondition: the architecture knows the regime: 3 to 5 levels on riscv64, 4 or 64 KiB
    ///   pages on powerpc64, 36 to 48 address bits on arm64 (52 with 64 KiB pages).
    init(_ regime: TranslationRegime) {
      pageShift = regime.pageSize.shift
      switch regime {
      case .x86FourLevel: (architecture, addressBits) = (.x86, 48)
      case .x86FiveLevel: (architecture, addressBits) = (.x86, 57)
      case .arm64(let size, let bits):
        precondition([12, 14, 16].contains(size.shift), "arm64 has 4, 16 and 64 KiB pages")
        precondition((36...(size.shift == 16 ? 52 : 48)).contains(bits), "arm64 has no such space")
        (architecture, addressBits) = (.arm64, bits)
      case .riscv(let levels):
        precondition((3...5).contains(levels), "riscv64 has Sv39, Sv48 and Sv57")
        (architecture, addressBits) = (.riscv, 12 + 9 * UInt(levels))
      case .powerRadix(let size):
        precondition([12, 16].contains(size.shift), "the radix tree ends in 4 or 64 KiB pages")
        (architecture, addressBits) = (.power, 52)
      }
      indexBits = architecture == .power ? 9 : pageShift - 3
      levelCount =
        architecture == .power ? 4 : (addressBits - pageShift + indexBits - 1) / indexBits
    }
  }

  extension EntryDecoder {
    /// The table that a walk starts in.
    @inline(__always)
    func top(at root: PhysicalAddress) -> Table {
      if architecture == .power {
        // The process table entry says 52 bits, of which the root directory takes 13.
        return Table(address: root.rawValue, shift: 39, indexBits: 13)
      }
      let shift = pageShift &+ indexBits &* (levelCount &- 1)
      return Table(address: root.rawValue, shift: shift, indexBits: addressBits &- shift)
    }

    /// What `entry`, found in a table whose entries map `1 << shift` bytes, says.
    @inline(__always)
    func decode(_ entry: UInt64, at shift: UInt) -> Verdict {
      switch architecture {
      case .x86: decodeX86(entry, at: shift)
      case .arm64: decodeARM64(entry, at: shift)
      case .riscv: decodeRISCV(entry, at: shift)
      case .power: decodePower(entry, at: shift)
      }
    }

    /// Which space an address belongs to, by the bits above the translated ones.
    enum Space: Equatable {
      /// The tables of the kernel translate it.
      case kernel
      /// Another tree would translate it, and there is none.
      case elsewhere
      /// No tree ever can.
      case nowhere
    }

    /// The space of `address`.
    @inline(__always)
    func space(of address: VirtualAddress) -> Space {
      let raw = Int(bitPattern: address.rawValue)
      switch architecture {
      case .x86, .riscv:
        // Canonical: the top translated bit goes on to the left. One root serves both halves.
        let top = raw &>> Int(bitPattern: addressBits &- 1)
        return top == 0 || top == -1 ? .kernel : .nowhere
      case .arm64:
        // TTBR1 translates addresses that start with ones, TTBR0 those that start with zeros.
        let top = raw &>> Int(bitPattern: addressBits)
        return top == -1 ? .kernel : top == 0 ? .elsewhere : .nowhere
      case .power:
        // Quadrant 3 is the kernel's; the bits between quadrant and tree are zero.
        let top = address.rawValue &>> addressBits
        return top == 0xC00 ? .kernel : top & 0x3FF == 0 ? .elsewhere : .nowhere
      }
    }
  }
#endif
