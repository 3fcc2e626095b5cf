// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// The page below 1 MiB through which each CPU comes to the kernel's tables.
  enum Trampoline {
    /// Where code on the first tables jumps to.
    private static var gate: UInt { address(of: metal_place_metal_trampoline_gate()) }

    /// Maps the page where it is executed.
    static func map(_ image: UInt, _ tables: inout KernelTables) {
      let page = UInt(METAL_TRAMPOLINE)
      tables.map(page, to: page, byteCount: AddressSpace.page, .code)
    }

    /// Moves the image to where `placement` has it, and goes on there, on the kernel's tables.
    static func enter(_ placement: Placement) -> Never {
      install()
      aim(
        at: metal_place_metal_run(), argument: 0, stack: AddressSpace.stackTop(of: 0),
        levelCount: placement.levelCount, window: 0)
      metal_enter(
        metal_place_image_start(), placement.image.start, placement.image.byteCount / 8, gate)
    }

    /// Copies the page to where it is executed; the first tables map it there.
    private static func install() {
      RawMemory.copy(
        from: metal_place_metal_trampoline_start(), to: UInt(METAL_TRAMPOLINE),
        byteCount: metal_place_metal_trampoline_end() - metal_place_metal_trampoline_start())
    }

    /// Says where the next CPU goes on: at `entry` with `argument`, on a stack that ends at `stack`.
    ///
    /// - Parameter window: where physical address 0 appears.
    private static func aim(
      at entry: UInt, argument: UInt, stack: UInt, levelCount: Int, window: UInt
    ) {
      let levels = levelCount == 5 ? METAL_CR4_LA57 : 0
      let wide = METAL_CR4_OSFXSR | METAL_CR4_OSXMMEXCPT | METAL_CR4_OSXSAVE
      let cr4 = METAL_CR4_PAE | METAL_CR4_PGE | levels | (hasWideRegisters ? wide : 0)
      set(metal_place_metal_trampoline_entry(), entry, window)
      set(metal_place_metal_trampoline_argument(), argument, window)
      set(metal_place_metal_trampoline_stack(), stack, window)
      set(metal_place_metal_trampoline_cr4(), UInt(cr4), window)
    }

    /// Whether there are vector registers of 32 bytes, and a way to switch them on.
    ///
    /// - Source: Intel SDM volume 2A, CPUID leaf 1.
    private static var hasWideRegisters: Bool {
      let wanted: UInt32 = 1 << 26 | 1 << 28
      return metal_features_ecx(1, 0) & wanted == wanted
    }

    /// Starts the CPU with the controller `target`; it goes on in ``Processors/join(_:)``.
    static func start(_ target: UInt32, index: Int, stack: UInt) {
      aim(
        at: metal_place_metal_join(), argument: UInt(index), stack: stack,
        levelCount: unsafe Boot.placement.levelCount, window: KernelMemoryMap.directMap)
      LocalAPIC.start(target, at: UInt(METAL_TRAMPOLINE))
    }

    private static func set(_ place: UInt, _ value: UInt, _ window: UInt) {
      RawMemory.store(value, at: window + address(of: place))
    }

    /// Where a symbol of the page is executed.
    private static func address(of place: UInt) -> UInt {
      UInt(METAL_TRAMPOLINE) + (place - metal_place_metal_trampoline_start())
    }
  }

#endif
