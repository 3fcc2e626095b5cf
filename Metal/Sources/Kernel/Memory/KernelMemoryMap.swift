// SPDX-License-Identifier: Apache-2.0

/// The kernel's own pages, after it moved.
///
/// One CPU at a time uses it: the first one, until all run.
enum KernelMemoryMap {
  /// Where physical address 0 appears.
  static var directMap: UInt {
    AddressSpace.directMap(levelCount: unsafe Boot.placement.levelCount)
  }

  /// Takes pages that are zero for ever; where they appear in the direct map.
  static func takePages(_ count: UInt) -> UInt {
    let address = directMap + (unsafe Boot.pool.take(pages: count))
    RawMemory.clear(address, byteCount: count * AddressSpace.page)
    return address
  }

  /// Maps `byteCount` bytes at `address` to pages of their own.
  static func mapPages(at address: UInt, byteCount: UInt) {
    let frame = unsafe Boot.pool.take(pages: byteCount / AddressSpace.page)
    map(address, to: frame, byteCount: byteCount, .data)
  }

  /// Maps `byteCount` bytes at `address`, where nothing was, to `frame`.
  static func map(
    _ address: UInt, to frame: UInt, byteCount: UInt, _ rights: KernelTables.Rights
  ) {
    var tables = unsafe KernelTables(
      levelCount: Boot.placement.levelCount, window: directMap, pool: Boot.pool)
    tables.map(address, to: frame, byteCount: byteCount, rights)
    unsafe Boot.pool = tables.pool
  }

  /// What the processor finds for `address`; nil if nothing is mapped.
  static func look(at address: UInt) -> Translation? {
    KernelTables.look(
      at: address, levelCount: unsafe Boot.placement.levelCount, window: directMap)
  }
}
