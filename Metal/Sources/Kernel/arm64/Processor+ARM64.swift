// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  // The page has the CPU's mail, and what it needs to start.
  //
  // ```
  //   0  mailbox: a line of its own, as all CPUs write there
  // 128  what boot.S loads: low top, high top, stack, argument
  // ```
  extension Processor {
    private static var startOffset: UInt { 128 }

    /// Where others leave work.
    var mailbox: UInt { page }

    /// Nothing is to be written before the CPU runs.
    func prepare() {}

    /// Writes what the CPU loads while its MMU is off.
    ///
    /// - Returns: the physical address of it.
    func writeStart(stack: UInt) -> UInt {
      let start = page + Self.startOffset
      RawMemory.store(KernelTables.top(for: 0), at: start)
      RawMemory.store(KernelTables.top(for: KernelMemoryMap.directMap), at: start + 8)
      RawMemory.store(stack, at: start + 16)
      RawMemory.store(UInt(index), at: start + 24)
      metal_clean(start)
      return start - KernelMemoryMap.directMap
    }

    /// Makes the CPU that runs this the one.
    func load() {
      metal_set_current_cpu(UInt64(index))
      Vectors.load()
    }
  }

#endif
