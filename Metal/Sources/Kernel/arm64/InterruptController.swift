// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// The interrupt controller, of which each CPU has a part: that is at the same address on every CPU.
  ///
  /// - Source: Arm IHI0048, GIC Architecture version 2, chapter 4. Where it is: QEMU, hw/arm/virt.c.
  enum InterruptController {
    private static var distributor: UInt { 0x0800_0000 }
    private static var processorInterface: UInt { 0x0801_0000 }
    private static var byteCount: UInt { 0x2_0000 }

    // Registers of the distributor.
    private static var control: UInt { 0x000 }
    private static var setEnable: UInt { 0x100 }
    private static var softwareInterrupt: UInt { 0xF00 }
    // Registers of a CPU's part.
    private static var processorControl: UInt { 0x00 }
    private static var priorityMask: UInt { 0x04 }
    private static var acknowledge: UInt { 0x0C }
    private static var endOfInterrupt: UInt { 0x10 }

    private static var on: UInt32 { 1 }
    private static var everyPriority: UInt32 { 0xFF }
    /// The first of the interrupts that CPUs send each other.
    private static var work: UInt32 { 0 }
    private static var numberMask: UInt32 { 0x3FF }
    private static var targetShift: UInt32 { 16 }
    /// The lowest part of a CPU's place among CPUs.
    private static var placeMask: UInt64 { 0xFF }

    /// Maps the registers where they are.
    static func map(_ tables: inout KernelTables) {
      tables.map(distributor, to: distributor, byteCount: byteCount, .device)
    }

    /// Lets the distributor pass interrupts on.
    static func map() { metal_store_device(distributor + control, on) }

    /// Lets this CPU take interrupts.
    static func enable() {
      metal_store_device(distributor + setEnable, 1 << work)
      metal_store_device(processorInterface + priorityMask, everyPriority)
      metal_store_device(processorInterface + processorControl, on)
    }

    /// The number by which others reach this CPU.
    static var current: UInt32 { UInt32(metal_affinity() & placeMask) }

    /// Takes the interrupt; tells whether there is work.
    static func takesWork() -> Bool {
      let taken = metal_load_device(processorInterface + acknowledge)
      // What nobody sent has a number of its own, and is not ended.
      guard taken & numberMask == work else { return false }
      metal_store_device(processorInterface + endOfInterrupt, taken)
      return true
    }

    /// The interrupt was ended when it was taken.
    static func finish() {}

    /// Makes the CPU with the number `target` look for work.
    static func interrupt(_ target: UInt32) {
      // The request is in memory before the other is told.
      metal_publish_tables()
      metal_store_device(distributor + softwareInterrupt, (1 << target) << targetShift | work)
    }
  }

#endif
