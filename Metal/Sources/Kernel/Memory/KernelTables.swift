// SPDX-License-Identifier: Apache-2.0

/// The page tables that the processor walks.
///
/// The kernel maps itself and all memory in them. What the core maps stands in tables of its own; the
/// entries of its top table are taken over here when they are first needed, see
/// ``adoptEntry(for:from:)``. So the core's tables hold nothing that is not the core's.
///
/// What an entry looks like and where a top table is, is the architecture's.
struct KernelTables {
  private static var pageShift: UInt { 12 }
  /// log2 of the entries in a table.
  private static var indexBits: UInt { 9 }
  private static var entryByteCount: UInt { 8 }

  let levelCount: Int
  /// Where physical address 0 appears.
  let window: UInt
  /// Takes the tables' pages out of.
  var pool: FramePool

  /// Maps `byteCount` bytes at `address` to `frame` with the largest pages that fit.
  mutating func map(_ address: UInt, to frame: UInt, byteCount: UInt, _ rights: Rights) {
    var done: UInt = 0
    while done < byteCount {
      let level = Self.largestLevel((address + done) | (frame + done), byteCount: byteCount - done)
      let entry = slot(for: address + done, level: level)
      // In one piece: the processor may look at any time.
      RawMemory.release(frame + done | Entry.leaf(rights, level: level), at: entry)
      done += Self.byteCount(of: level)
    }
    Architecture.publishTables()
  }

  /// The bytes that an entry of `level` maps.
  private static func byteCount(of level: Int) -> UInt {
    1 << (pageShift + indexBits * UInt(level))
  }

  private static func largestLevel(_ addresses: UInt, byteCount: UInt) -> Int {
    var level = 2
    while level > 0 {
      let size = Self.byteCount(of: level)
      if addresses % size == 0, byteCount >= size { return level }
      level -= 1
    }
    return 0
  }

  /// Where the entry of `level` for `address` is; tables on the way are made.
  private mutating func slot(for address: UInt, level: Int) -> UInt {
    var table = Self.top(for: address)
    var current = levelCount - 1
    while current > level {
      let slot = window + table + Self.index(address, current) * Self.entryByteCount
      let entry = RawMemory.load(UInt.self, at: slot)
      if Entry.isPresent(entry) {
        table = Entry.frame(entry)
      } else {
        table = pool.take(pages: 1)
        RawMemory.clear(window + table, byteCount: AddressSpace.page)
        RawMemory.release(table | Entry.table, at: slot)
      }
      current -= 1
    }
    return window + table + Self.index(address, level) * Self.entryByteCount
  }

  private static func index(_ address: UInt, _ level: Int) -> UInt {
    address / byteCount(of: level) % (1 << indexBits)
  }

  /// What the processor finds for `address` by walking the tables; nil if nothing is mapped.
  static func look(at address: UInt, levelCount: Int, window: UInt) -> Translation? {
    var table = top(for: address)
    for level in stride(from: levelCount - 1, through: 0, by: -1) {
      let entry = RawMemory.acquire(window + table + index(address, level) * entryByteCount)
      guard Entry.isPresent(entry) else { return nil }
      guard level > 0, !Entry.isLargeLeaf(entry) else {
        let size = byteCount(of: level)
        return Translation(
          frame: Entry.frame(entry) & ~(size - 1), byteCount: size,
          isWritable: Entry.isWritable(entry))
      }
      table = Entry.frame(entry)
    }
    return nil
  }

  /// Copies the entry for `address` from the core's top table at the physical address `table`, if it
  /// has one and the kernel none.
  ///
  /// - Returns: whether there is something to be found now that was not before.
  static func adoptEntry(for address: UInt, from table: UInt, levelCount: Int, window: UInt) -> Bool
  {
    let offset = index(address, levelCount - 1) * entryByteCount
    let wanted = RawMemory.acquire(window + table + offset)
    guard Entry.isPresent(wanted) else { return false }
    defer { Architecture.publishTables() }
    return RawMemory.exchange(0, for: wanted, at: window + top(for: address) + offset) == 0
  }
}

/// What a leaf says about a page.
struct Translation {
  /// The physical address of the page.
  let frame: UInt
  /// The bytes that the leaf maps.
  let byteCount: UInt
  let isWritable: Bool
}

/// Pages of the kernel's own memory that are given out once and never come back.
struct FramePool {
  /// The physical address of the next page.
  var next: UInt
  /// The end of the last.
  let end: UInt

  /// `pages` pages in a row, by physical address.
  mutating func take(pages: UInt) -> UInt {
    let first = next
    next += pages * AddressSpace.page
    guard next <= end else { Panic.stop("the kernel's own pages are used up") }
    return first
  }
}
