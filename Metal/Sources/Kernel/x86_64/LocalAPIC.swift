// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  typealias InterruptController = LocalAPIC

  /// The interrupt controller of the CPU that runs this, which also sends interrupts to others.
  ///
  /// - Source: Intel SDM volume 3, chapter 10.
  enum LocalAPIC {
    private static var identity: UInt { 0x20 }
    private static var endOfInterrupt: UInt { 0xB0 }
    private static var spuriousVector: UInt { 0xF0 }
    private static var commandLow: UInt { 0x300 }
    private static var commandHigh: UInt { 0x310 }
    private static var softwareEnable: UInt32 { 1 << 8 }
    private static var deliveryPending: UInt32 { 1 << 12 }
    private static var levelAssert: UInt32 { 1 << 14 }
    private static var initialize: UInt32 { 5 << 8 }
    private static var startUp: UInt32 { 6 << 8 }

    /// The register with the controller's address, and the bits that hold it.
    private static var baseRegister: UInt32 { 0x1B }
    private static var baseMask: UInt { 0x000F_FFFF_FFFF_F000 }

    /// The old interrupt controllers' mask registers.
    private static var oldMasks: (UInt16, UInt16) { (0x21, 0xA1) }

    /// Maps the registers, which are at the same address on every CPU.
    static func map() {
      let frame = UInt(metal_read_register(baseRegister)) & baseMask
      KernelMemoryMap.map(
        AddressSpace.localAPIC, to: frame, byteCount: AddressSpace.page, .device)
      metal_out8(oldMasks.0, 0xFF)
      metal_out8(oldMasks.1, 0xFF)
    }

    /// Lets this CPU take interrupts.
    static func enable() { store(softwareEnable | UInt32(Vectors.spurious), spuriousVector) }

    /// The number by which others reach this CPU.
    static var current: UInt32 { load(identity) >> 24 }

    /// Says that the interrupt was taken.
    static func finish() { store(0, endOfInterrupt) }

    /// Makes the CPU with the controller `target` look for work.
    static func interrupt(_ target: UInt32) {
      command(UInt32(Vectors.work) | levelAssert, target)
    }

    /// Resets the CPU with the controller `target`, and starts it at the page `address`.
    static func start(_ target: UInt32, at address: UInt) {
      command(initialize | levelAssert, target)
      wait(ticks: 10_000_000)
      // The second is for processors that miss the first; one that runs ignores it.
      for _ in 0..<2 {
        command(startUp | levelAssert | UInt32(address / AddressSpace.page), target)
        wait(ticks: 1_000_000)
      }
    }

    private static func command(_ low: UInt32, _ target: UInt32) {
      let flags = metal_save_interrupts()
      while load(commandLow) & deliveryPending != 0 { metal_pause() }
      store(target << 24, commandHigh)
      store(low, commandLow)
      metal_restore_interrupts(flags)
    }

    /// Lets some milliseconds pass; how many does not matter.
    private static func wait(ticks: UInt64) {
      let start = metal_clock()
      while metal_clock() &- start < ticks { metal_pause() }
    }

    private static func load(_ register: UInt) -> UInt32 {
      metal_load_device(AddressSpace.localAPIC + register)
    }

    private static func store(_ value: UInt32, _ register: UInt) {
      metal_store_device(AddressSpace.localAPIC + register, value)
    }
  }

#endif
