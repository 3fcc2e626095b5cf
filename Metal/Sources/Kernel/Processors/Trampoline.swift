// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// The page below 1 MiB through which each CPU comes to the kernel's tables.
enum Trampoline {
  /// Where code on the first tables jumps to.
  static var gate: UInt { address(of: metal_place_metal_trampoline_gate()) }

  /// Copies the page to where it is executed; the first tables map it there.
  static func install() {
    RawMemory.copy(
      from: metal_place_metal_trampoline_start(), to: UInt(METAL_TRAMPOLINE),
      byteCount: metal_place_metal_trampoline_end() - metal_place_metal_trampoline_start())
  }

  /// Says where the next CPU goes on: at `entry` with `argument`, on a stack that ends at `stack`.
  ///
  /// - Parameter window: where physical address 0 appears.
  static func aim(
    at entry: UInt, argument: UInt, stack: UInt, levelCount: Int, window: UInt
  ) {
    let cr4 = METAL_CR4_PAE | METAL_CR4_PGE | (levelCount == 5 ? METAL_CR4_LA57 : 0)
    set(metal_place_metal_trampoline_entry(), entry, window)
    set(metal_place_metal_trampoline_argument(), argument, window)
    set(metal_place_metal_trampoline_stack(), stack, window)
    set(metal_place_metal_trampoline_cr4(), UInt(cr4), window)
  }

  private static func set(_ place: UInt, _ value: UInt, _ window: UInt) {
    RawMemory.store(value, at: window + address(of: place))
  }

  /// Where a symbol of the page is executed.
  private static func address(of place: UInt) -> UInt {
    UInt(METAL_TRAMPOLINE) + (place - metal_place_metal_trampoline_start())
  }
}
