// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import CMetal

  /// What lies where in the kernel's address space.
  ///
  /// What Swift's references may lead to is low: Swift keeps marks in their upper bits. What only the
  /// core reaches is high, where Linux has it.
  ///
  /// ```
  /// 0x0000_0000_0000_0000  nothing, so that null is a fault
  /// 0x0000_0000_0000_8000  the trampoline, read and executed
  /// 0x0000_0000_0020_0000  the image
  /// 0x0000_0010_0000_0000  the heap
  /// 0x0000_0020_0000_0000  stacks, one slot a CPU, each above a hole
  /// 0x0000_0021_0000_0000  stacks for double faults, likewise
  /// 0x0000_0030_0000_0000  the local APIC, uncached
  /// 0xFFFF_8880_0000_0000  all memory                       (with five levels 0xFF11_…)
  /// 0xFFFF_C900_0000_0000  the core's areas                 (with five levels 0xFFA0_…)
  /// 0xFFFF_EA00_0000_0000  the core's descriptors           (with five levels 0xFFD4_…)
  /// ```
  enum AddressSpace {
    static var heap: UInt { 0x10_0000_0000 }
    static var stacks: UInt { 0x20_0000_0000 }
    static var faultStacks: UInt { 0x21_0000_0000 }
    static var localAPIC: UInt { 0x30_0000_0000 }

    /// The bytes from one CPU's stack to the next one's; what is not stack is a hole.
    static var stackSlot: UInt { 1 << 20 }
    /// The bytes of a CPU's stack.
    static var stackByteCount: UInt { 128 << 10 }
    /// The bytes of a CPU's stack for double faults.
    static var faultStackByteCount: UInt { 8 << 10 }
    /// The most CPUs for which there is room.
    static var mostCPUs: Int { 32 }

    /// Where physical memory appears.
    ///
    /// - Source: Linux, Documentation/arch/x86/x86_64/mm.rst; spec 03 section 4.
    static func directMap(levelCount: Int) -> UInt {
      levelCount == 5 ? 0xFF11_0000_0000_0000 : 0xFFFF_8880_0000_0000
    }

    /// The end of what the first tables map.
    static var bootEnd: UInt { 2 << 39 }
    /// The end of the memory that firmware and starting CPUs use; the core never does.
    static var lowMemoryEnd: UInt { 1 << 20 }
  }

#endif
