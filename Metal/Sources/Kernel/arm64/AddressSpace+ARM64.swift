// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import CMetal

  /// What lies where in the kernel's address space.
  ///
  /// What Swift's references may lead to is low, which is what TTBR0 translates: Swift keeps marks in
  /// their upper bits. What only the core reaches is high, where Linux has it, and TTBR1's.
  ///
  /// ```
  /// 0x0000_0000_0000_0000  nothing, so that null is a fault
  /// 0x0000_0000_0800_0000  the interrupt controller, as a device
  /// 0x0000_0000_0900_0000  the serial port, as a device
  /// 0x0000_0000_4020_0000  the image
  /// 0x0000_00…             the image's first page where it really is, for CPUs that start
  /// 0x0000_1000_0000_0000  the heap
  /// 0x0000_2000_0000_0000  stacks, one slot a CPU, each above a hole
  /// 0x0000_2100_0000_0000  stacks for faults on those, likewise
  /// 0xFFFF_0000_0000_0000  all memory
  /// 0xFFFF_FDFF_C000_0000  the core's descriptors
  /// ```
  enum AddressSpace {
    static var heap: UInt { 0x1000_0000_0000 }
    static var stacks: UInt { 0x2000_0000_0000 }
    static var faultStacks: UInt { UInt(METAL_FAULT_STACKS_UPPER) << 32 }

    /// The bytes from one CPU's stack to the next one's; what is not stack is a hole.
    static var stackSlot: UInt { 1 << UInt(METAL_STACK_SLOT_SHIFT) }
    /// The bytes of a CPU's stack: those whose addresses have a certain bit, at the end of the slot.
    static var stackByteCount: UInt { 1 << UInt(METAL_STACK_BIT) }
    /// The bytes of a CPU's stack for faults.
    static var faultStackByteCount: UInt { 8 << 10 }
    /// The most CPUs that the interrupt controller reaches.
    static var mostCPUs: Int { 8 }

    /// Where physical memory appears.
    ///
    /// - Source: Linux, Documentation/arch/arm64/memory.rst; spec 03 section 4.
    static func directMap(levelCount: Int) -> UInt { 0xFFFF_0000_0000_0000 }

    /// The end of what the first tables map.
    static var bootEnd: UInt { 2 << 39 }
    /// No memory is kept for starting CPUs.
    static var lowMemoryEnd: UInt { 0 }
  }

#endif
