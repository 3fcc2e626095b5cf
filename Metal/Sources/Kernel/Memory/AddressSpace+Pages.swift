// SPDX-License-Identifier: Apache-2.0

// What holds on every architecture: the sizes of pages, and where in its slot a stack lies.

extension AddressSpace {
  /// The smallest page.
  static var page: UInt { 1 << 12 }
  /// The page of the second level.
  static var largePage: UInt { 1 << 21 }

  /// Where the stack of `cpu` starts, growing down: at the end of its slot.
  static func stackTop(of cpu: Int) -> UInt { stacks + UInt(cpu + 1) * stackSlot }

  /// Where the stack of `cpu` for faults on that one starts, likewise. On arm64 vectors.S knows it, too.
  static func faultStackTop(of cpu: Int) -> UInt { faultStacks + UInt(cpu + 1) * stackSlot }
}

extension UInt {
  /// The next multiple of `granule`, a power of two.
  func rounded(up granule: UInt) -> UInt { (self &+ granule &- 1) & ~(granule &- 1) }

  /// The multiple of `granule`, a power of two, before.
  func rounded(down granule: UInt) -> UInt { self & ~(granule &- 1) }
}
