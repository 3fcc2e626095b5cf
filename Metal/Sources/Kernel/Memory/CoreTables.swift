// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The core's page tables, as far as the processor has not seen them yet.
enum CoreTables {
  /// The physical address of the core's top table; 0 while there is none.
  private static let top = Atomic<UInt>(0)

  /// Notes where the core's top table is.
  static func use(_ table: UInt) { top.store(table, ordering: .releasing) }

  /// Takes over the core's entry for `address`, if that is what is missing.
  ///
  /// The core links tables into its top table as it needs them and never unlinks one, so the entry
  /// is right for ever.
  static func adopt(_ address: UInt) -> Bool {
    let table = top.load(ordering: .acquiring)
    guard table != 0 else { return false }
    return KernelTables.adoptEntry(
      for: address, from: table, levelCount: unsafe Boot.placement.levelCount,
      window: KernelMemoryMap.directMap)
  }
}
