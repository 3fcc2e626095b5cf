// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// Memory for Swift's objects.
///
/// Blocks of up to half a page are powers of two, cut from pages of one size each and kept in lists;
/// larger ones are runs of whole pages. A table with a word for each page says what the page is. A
/// block is aligned to its size, or to a page.
///
/// A CPU holds the lock with interrupts off, so that whatever interrupts it can use the heap, too.
enum KernelHeap {
  /// What a page is: in the first page of a run also how many pages follow.
  private enum Mark {
    static var free: UInt { 0 }
    static var run: UInt { 1 << 32 }
    static var small: UInt { 2 << 32 }
    static var kinds: UInt { ~0xFFFF_FFFF }
  }

  /// The order of the smallest block: 16 bytes, which is what everybody may ask for.
  private static var leastOrder: Int { 4 }
  /// The order of the largest block that shares a page.
  private static var mostSmallOrder: Int { 11 }
  private static var smallSizes: UInt { 8 }
  private static var page: UInt { AddressSpace.page }

  /// The lock: 1 while a CPU is inside.
  private static var lock: UInt { AddressSpace.heap }
  /// The first free block of each small size; the first word of a free block leads to the next.
  private static func list(_ order: Int) -> UInt {
    AddressSpace.heap + 64 + UInt(order - leastOrder) * 8
  }

  /// What is known about the heap; written under the lock.
  nonisolated(unsafe) private static var pageCount: UInt = 0
  nonisolated(unsafe) private static var firstPage: UInt = 0
  /// Where the search for pages goes on.
  nonisolated(unsafe) private static var cursor: UInt = 0
  /// The pages that are in use, and the most that ever were.
  nonisolated(unsafe) private static var usedPageCount: UInt = 0
  nonisolated(unsafe) private static var mostUsedPageCount: UInt = 0

  /// The bytes that there are for blocks.
  static var byteCount: UInt { unsafe pageCount * page }
  /// Those of them in pages with blocks.
  static var usedByteCount: UInt { unsafe usedPageCount * page }
  /// The most that ever were.
  static var mostUsedByteCount: UInt { unsafe mostUsedPageCount * page }

  private static func mark(_ index: UInt) -> UInt { AddressSpace.heap + page + index * 8 }

  /// Makes `byteCount` bytes at ``AddressSpace/heap`` the heap: a page of heads, the table, the pages.
  static func start(byteCount: UInt) {
    let all = byteCount / page
    let tableByteCount = (all * 8).rounded(up: page)
    RawMemory.clear(AddressSpace.heap, byteCount: page + tableByteCount)
    unsafe firstPage = AddressSpace.heap + page + tableByteCount
    unsafe pageCount = all - 1 - tableByteCount / page
    unsafe RawMemory.store(Mark.free | pageCount, at: mark(0))
  }

  /// A block of at least `byteCount` bytes, aligned to `alignment`; 0 if there is none.
  static func allocate(byteCount: UInt, alignment: UInt) -> UInt {
    let size = max(byteCount, alignment, 1 << UInt(leastOrder))
    let order = UInt.bitWidth - (size - 1).leadingZeroBitCount
    guard order > mostSmallOrder else { return locked { allocateSmall(order) } }
    guard alignment <= page else { return 0 }
    return locked { allocateRun((byteCount.rounded(up: page)) / page, kind: Mark.run) }
  }

  /// Takes back what ``allocate(byteCount:alignment:)`` gave.
  static func free(_ address: UInt) {
    guard address != 0 else { return }
    _ = locked {
      let index = unsafe (address - firstPage) / page
      let word = RawMemory.load(UInt.self, at: mark(index))
      if word & Mark.kinds == Mark.small {
        push(address, to: list(Int(word & ~Mark.kinds)))
      } else {
        freeRun(index, word)
      }
      return 0
    }
  }

  private static func locked(_ body: () -> UInt) -> UInt {
    let flags = metal_save_interrupts()
    while RawMemory.swap(1, at: lock) != 0 { metal_pause() }
    let result = body()
    RawMemory.release(0, at: lock)
    metal_restore_interrupts(flags)
    return result
  }
}

// Small blocks

extension KernelHeap {
  private static func push(_ block: UInt, to list: UInt) {
    RawMemory.store(RawMemory.load(UInt.self, at: list), at: block)
    RawMemory.store(block, at: list)
  }

  private static func allocateSmall(_ order: Int) -> UInt {
    let list = list(order)
    if RawMemory.load(UInt.self, at: list) == 0 {
      let page = allocateRun(1, kind: Mark.small)
      guard page != 0 else { return 0 }
      let index = unsafe (page - firstPage) / Self.page
      RawMemory.store(Mark.small | UInt(order), at: mark(index))
      for offset in stride(from: 0, to: Self.page, by: 1 << order) {
        push(page + offset, to: list)
      }
    }
    let block = RawMemory.load(UInt.self, at: list)
    RawMemory.store(RawMemory.load(UInt.self, at: block), at: list)
    return block
  }
}

// Runs of pages

extension KernelHeap {
  /// The first run of `count` free pages from the cursor on, once around; neighbours that became
  /// free are joined on the way.
  private static func allocateRun(_ count: UInt, kind: UInt) -> UInt {
    var index = unsafe cursor < pageCount ? cursor : 0
    var left = unsafe pageCount + index
    while left > 0 {
      let length = runLength(index)
      if isFree(index), length >= count {
        return take(index, count, of: length, kind: kind)
      }
      guard left > length else { return 0 }
      left -= length
      index += length
      if unsafe index >= pageCount { index = 0 }
    }
    return 0
  }

  private static func isFree(_ index: UInt) -> Bool {
    RawMemory.load(UInt.self, at: mark(index)) & Mark.kinds == Mark.free
  }

  /// The pages of the run at `index`, after joining it with free runs behind it.
  private static func runLength(_ index: UInt) -> UInt {
    let word = RawMemory.load(UInt.self, at: mark(index))
    guard word & Mark.kinds == Mark.free else {
      return word & Mark.kinds == Mark.small ? 1 : word & ~Mark.kinds
    }
    var length = word & ~Mark.kinds
    while unsafe index + length < pageCount, isFree(index + length) {
      length += RawMemory.load(UInt.self, at: mark(index + length)) & ~Mark.kinds
    }
    RawMemory.store(Mark.free | length, at: mark(index))
    return length
  }

  private static func take(_ index: UInt, _ count: UInt, of length: UInt, kind: UInt) -> UInt {
    if length > count { RawMemory.store(Mark.free | (length - count), at: mark(index + count)) }
    RawMemory.store(kind | count, at: mark(index))
    unsafe cursor = index + count
    unsafe usedPageCount += count
    unsafe mostUsedPageCount = max(mostUsedPageCount, usedPageCount)
    return unsafe firstPage + index * page
  }

  private static func freeRun(_ index: UInt, _ word: UInt) {
    let count = word & ~Mark.kinds
    RawMemory.store(Mark.free | count, at: mark(index))
    unsafe usedPageCount -= count
    unsafe cursor = min(cursor, index)
  }
}

// What Swift calls, by way of memory.S: its names are not Swift's to define.

/// Memory for an object; Swift goes on with null, so running out ends the kernel here.
@c(kernel_allocate)
public func allocateAligned(
  _ result: UnsafeMutablePointer<UInt>, _ alignment: UInt, _ byteCount: UInt
) -> Int32 {
  let address = KernelHeap.allocate(byteCount: byteCount, alignment: alignment)
  if address == 0 { Panic.stop("the kernel's heap is full") }
  unsafe result.pointee = address
  return 0
}

/// Takes an object's memory back.
@c(kernel_free)
public func freeMemory(_ address: UInt) { KernelHeap.free(address) }
