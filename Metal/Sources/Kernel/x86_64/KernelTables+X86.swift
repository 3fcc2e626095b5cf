// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// Tables of x86-64.
  ///
  /// - Source: Intel SDM volume 3, 4.5 "4-level and 5-level paging".
  extension KernelTables {
    /// What a page may be used for.
    struct Rights {
      fileprivate let bits: UInt

      static let code = Rights(bits: 0)
      static let constants = Rights(bits: Entry.noExecute)
      static let data = Rights(bits: Entry.noExecute | Entry.writable)
      /// Registers of a device: every access reaches it, in order.
      static let device = Rights(
        bits: Entry.noExecute | Entry.writable | Entry.writeThrough | Entry.cacheDisable)
    }

    /// What entries say.
    enum Entry {
      private static var present: UInt { 1 << 0 }
      fileprivate static var writable: UInt { 1 << 1 }
      fileprivate static var writeThrough: UInt { 1 << 3 }
      fileprivate static var cacheDisable: UInt { 1 << 4 }
      /// Accessed and dirty, so that the processor need not write to the entry.
      private static var used: UInt { 1 << 5 | 1 << 6 }
      private static var largeLeaf: UInt { 1 << 7 }
      private static var global: UInt { 1 << 8 }
      fileprivate static var noExecute: UInt { 1 << 63 }
      private static var frameMask: UInt { 0x000F_FFFF_FFFF_F000 }

      /// All but the frame of an entry that leads to a table.
      static var table: UInt { present | writable | used }

      /// All but the frame of an entry that maps a page.
      static func leaf(_ rights: Rights, level: Int) -> UInt {
        present | used | global | (level == 0 ? 0 : largeLeaf) | rights.bits
      }

      static func isPresent(_ entry: UInt) -> Bool { entry & present != 0 }
      static func isLargeLeaf(_ entry: UInt) -> Bool { entry & largeLeaf != 0 }
      static func isWritable(_ entry: UInt) -> Bool { entry & writable != 0 }
      static func frame(_ entry: UInt) -> UInt { entry & frameMask }
    }

    /// The physical address of the top table, below 1 MiB for the trampoline's sake.
    static func top(for address: UInt) -> UInt { UInt(METAL_TOP_TABLE) }

    /// Makes the top table empty.
    mutating func prepareTops() {
      RawMemory.clear(UInt(METAL_TOP_TABLE), byteCount: AddressSpace.page)
    }
  }

#endif
