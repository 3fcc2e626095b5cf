// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  /// What the loader tells about the machine.
  ///
  /// - Source: Xen, xen/include/public/arch-x86/hvm/start_info.h, version 1.
  struct StartInfo {
    /// The bytes of one entry of the memory map, of which the first two words are the range and the
    /// third is the kind.
    static var mapEntryByteCount: UInt { 24 }
    private static var magic: UInt32 { 0x336E_C578 }
    private static var byteCount: UInt { 56 }
    private static var moduleEntryByteCount: UInt { 32 }
    private static var usableKind: UInt32 { 1 }

    /// Where the fields are.
    private enum Field {
      static var moduleCount: UInt { 12 }
      static var modules: UInt { 16 }
      static var commandLine: UInt { 24 }
      static var firmwareTables: UInt { 32 }
      static var memoryMap: UInt { 40 }
      static var mapEntryCount: UInt { 48 }
    }

    /// The structure itself.
    let place: Piece
    /// The memory map.
    let memoryMap: Piece
    /// The command line without its end.
    let commandLine: Piece
    /// The list of modules.
    let modules: Piece
    /// The first module; empty if there is none.
    let module: Piece
    /// The table that leads to all tables of the firmware; 0 if there is none.
    let firmwareTables: UInt

    /// Reads the structure at `address`, with memory mapped as it is.
    init(at address: UInt) {
      guard RawMemory.load(UInt32.self, at: address) == Self.magic else {
        Panic.stop("what called this is no PVH loader")
      }
      place = Piece(start: address, byteCount: Self.byteCount)
      let moduleCount = UInt(RawMemory.load(UInt32.self, at: address + Field.moduleCount))
      let list = RawMemory.load(UInt.self, at: address + Field.modules)
      modules = Piece(start: list, byteCount: moduleCount * Self.moduleEntryByteCount)
      module =
        moduleCount == 0
        ? Piece()
        : Piece(
          start: RawMemory.load(at: list), byteCount: RawMemory.load(at: list + 8))
      let text = RawMemory.load(UInt.self, at: address + Field.commandLine)
      commandLine = Piece(start: text, byteCount: text == 0 ? 0 : Self.length(at: text))
      firmwareTables = RawMemory.load(at: address + Field.firmwareTables)
      memoryMap = Piece(
        start: RawMemory.load(at: address + Field.memoryMap),
        byteCount: UInt(RawMemory.load(UInt32.self, at: address + Field.mapEntryCount))
          * Self.mapEntryByteCount)
    }

    private static func length(at text: UInt) -> UInt {
      var count: UInt = 0
      while RawMemory.load(UInt8.self, at: text + count) != 0 { count += 1 }
      return count
    }

    /// The number of entries in the memory map.
    var mapEntryCount: UInt { memoryMap.byteCount / Self.mapEntryByteCount }

    /// The range of the memory map's entry `index`.
    func range(_ index: UInt) -> Piece {
      let entry = memoryMap.start + index * Self.mapEntryByteCount
      return Piece(start: RawMemory.load(at: entry), byteCount: RawMemory.load(at: entry + 8))
    }

    /// Whether the memory map's entry `index` is memory.
    func isUsable(_ index: UInt) -> Bool {
      RawMemory.load(UInt32.self, at: memoryMap.start + index * Self.mapEntryByteCount + 16)
        == Self.usableKind
    }
  }

#endif
