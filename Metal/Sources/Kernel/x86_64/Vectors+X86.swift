// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// The table that tells the CPU where to go when something happens.
  ///
  /// - Source: Intel SDM volume 3, 6.14.1 "64-Bit Mode IDT".
  enum Vectors {
    /// What the kernel itself sends or expects, beside the 32 exceptions.
    static var work: UInt { 0xF0 }
    static var spurious: UInt { 0xFF }

    static var doubleFault: UInt { 8 }
    static var generalProtection: UInt { 13 }
    static var pageFault: UInt { 14 }
    /// The vectors that belong to the processor.
    static var exceptionCount: UInt { 32 }

    private static var count: UInt { 256 }
    private static var stubByteCount: UInt { 16 }
    private static var gateByteCount: UInt { 16 }
    private static var presentInterruptGate: UInt { 0x8E << 40 }
    private static var firstInterruptStack: UInt { 1 << 32 }

    /// Where the table is; written once, before there is a second CPU.
    nonisolated(unsafe) private static var table: UInt = 0

    /// Writes the table.
    static func prepare() {
      let table = KernelMemoryMap.takePages(1)
      for vector in 0..<count {
        let stub = metal_place_metal_vectors() + vector * stubByteCount
        let stack = vector == doubleFault ? firstInterruptStack : 0
        let low = stub & 0xFFFF | UInt(METAL_CODE_SELECTOR) << 16 | (stub >> 16 & 0xFFFF) << 48
        RawMemory.store(low | stack | presentInterruptGate, at: table + vector * gateByteCount)
        RawMemory.store(stub >> 32, at: table + vector * gateByteCount + 8)
      }
      unsafe Self.table = table
    }

    /// Makes the CPU that runs this use the table.
    static func load() {
      unsafe metal_load_vectors(table, UInt16(truncatingIfNeeded: count * gateByteCount - 1))
    }
  }

#endif
