// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// What belongs to one CPU: a page with its mail, and what it needs to start.
  ///
  /// ```
  ///   0  mailbox: a line of its own, as all CPUs write there
  /// 128  what boot.S loads: low top, high top, stack, argument
  /// ```
  struct Processor {
    private static var startOffset: UInt { 128 }

    /// Where the pages of all CPUs lie in a row; written once, before there is a second CPU.
    nonisolated(unsafe) private static var pages: UInt = 0

    /// The number.
    let index: Int

    /// The CPU with the number `index`.
    init(_ index: Int) {
      precondition(index >= 0 && index < AddressSpace.mostCPUs, "there is room for so many CPUs")
      self.index = index
    }

    private var page: UInt { unsafe Self.pages + UInt(index) * AddressSpace.page }

    /// Where others leave work.
    var mailbox: UInt { page }

    /// Takes pages for all CPUs that there may be.
    static func reservePages() {
      let pages = UInt(AddressSpace.mostCPUs)
      unsafe Self.pages = KernelMemoryMap.takePages(pages)
    }

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
