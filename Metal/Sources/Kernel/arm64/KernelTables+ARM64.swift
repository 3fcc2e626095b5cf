// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// Tables of arm64 with 4 KiB granules: two top tables, one for each half of the addresses.
  ///
  /// - Source: Arm ARM, D8.3 "Translation table descriptor formats".
  extension KernelTables {
    /// What a page may be used for.
    struct Rights {
      fileprivate let bits: UInt

      static let code = Rights(bits: Entry.readOnly)
      static let constants = Rights(bits: Entry.readOnly | Entry.noExecute)
      static let data = Rights(bits: Entry.noExecute)
      /// Registers of a device: every access reaches it, in order.
      static let device = Rights(bits: Entry.noExecute | Entry.device)
    }

    /// What entries say.
    enum Entry {
      private static var valid: UInt { 1 << 0 }
      /// A table, or a page of the last level; else a block.
      private static var tableOrPage: UInt { 1 << 1 }
      /// The attribute index 1 of what boot.S sets up.
      fileprivate static var device: UInt { 1 << 2 }
      fileprivate static var readOnly: UInt { 1 << 7 }
      private static var innerShareable: UInt { 3 << 8 }
      private static var accessed: UInt { 1 << 10 }
      private static var noExecuteByKernel: UInt { 1 << 53 }
      private static var noExecuteByUser: UInt { 1 << 54 }
      fileprivate static var noExecute: UInt { noExecuteByKernel }
      private static var frameMask: UInt { 0x0000_FFFF_FFFF_F000 }

      /// All but the frame of an entry that leads to a table.
      static var table: UInt { valid | tableOrPage }

      /// All but the frame of an entry that maps a page.
      static func leaf(_ rights: Rights, level: Int) -> UInt {
        let size = level == 0 ? tableOrPage : 0
        return valid | size | innerShareable | accessed | noExecuteByUser | rights.bits
      }

      static func isPresent(_ entry: UInt) -> Bool { entry & valid != 0 }
      static func isLargeLeaf(_ entry: UInt) -> Bool { entry & tableOrPage == 0 }
      static func isWritable(_ entry: UInt) -> Bool { entry & readOnly == 0 }
      static func frame(_ entry: UInt) -> UInt { entry & frameMask }
    }

    /// The physical addresses of the top tables; written before the image moves.
    nonisolated(unsafe) private static var lowTop: UInt = 0
    nonisolated(unsafe) private static var highTop: UInt = 0

    /// The physical address of the top table that translates `address`.
    static func top(for address: UInt) -> UInt { unsafe address >> 63 == 0 ? lowTop : highTop }

    /// Takes empty top tables.
    mutating func prepareTops() {
      unsafe Self.lowTop = pool.take(pages: 2)
      unsafe Self.highTop = Self.lowTop + AddressSpace.page
      RawMemory.clear(window + (unsafe Self.lowTop), byteCount: 2 * AddressSpace.page)
    }
  }

#endif
