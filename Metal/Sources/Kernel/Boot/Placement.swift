// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// Where in physical memory the kernel keeps what is its own.
///
/// It takes one block, as far up as it can. The core gets the rest, from the first byte on, so that
/// its memory can be that of any other machine.
///
/// ```
/// image | pages: tables, stacks, CPUs, command line, memory map, script | heap
/// ```
struct Placement {
  /// The block.
  var block = StartInfo.Piece()
  /// The copy of the image in it.
  var image = StartInfo.Piece()
  /// The pages.
  var pages = StartInfo.Piece()
  /// The heap.
  var heap = StartInfo.Piece()
  var commandLine = StartInfo.Piece()
  var memoryMap = StartInfo.Piece()
  /// The first module.
  var script = StartInfo.Piece()
  /// The table that leads to all tables of the firmware; 0 if there is none.
  var firmwareTables: UInt = 0
  var levelCount = 4

  /// Before anything is known.
  init() {}
}

extension Placement {
  /// The least that the heap has; a 256th of the memory is added.
  private static var leastHeap: UInt { 16 << 20 }
  private static var heapShare: UInt { 256 }
  private static var mostHeap: UInt { 1 << 30 }
  /// Enough for the tables and for the stacks of ``AddressSpace/mostCPUs`` CPUs.
  private static var pagesByteCount: UInt { 6 << 20 }
  /// Where the block may start: what old devices reach is left to the core.
  private static var lowest: UInt { 16 << 20 }

  /// Finds room in the memory that `info` tells of.
  init(_ info: StartInfo, levelCount: Int) {
    self.levelCount = levelCount
    firmwareTables = info.firmwareTables
    image.byteCount =
      (metal_place_image_end() - metal_place_image_start()).rounded(up: AddressSpace.page)
    pages.byteCount =
      (Self.pagesByteCount + info.module.byteCount).rounded(up: AddressSpace.largePage)
    heap.byteCount = Self.heapByteCount(info)
    let imageSlot = image.byteCount.rounded(up: AddressSpace.largePage)
    block = Self.findRoom(imageSlot + pages.byteCount + heap.byteCount, info)
    image.start = block.start
    pages.start = block.start + imageSlot
    heap.start = pages.end
  }

  private static func heapByteCount(_ info: StartInfo) -> UInt {
    var memory: UInt = 0
    for index in 0..<info.mapEntryCount where info.isUsable(index) {
      memory += info.range(index).byteCount
    }
    return min(leastHeap + memory / heapShare, mostHeap).rounded(up: AddressSpace.largePage)
  }

  /// The highest block of `byteCount` bytes in which the loader put nothing.
  private static func findRoom(_ byteCount: UInt, _ info: StartInfo) -> StartInfo.Piece {
    let filled = LoaderMemory(info)
    var best = StartInfo.Piece()
    for index in 0..<info.mapEntryCount where info.isUsable(index) {
      let memory = info.range(index)
      let start = max(memory.start, lowest, metal_place_image_end())
      var end = min(memory.end, AddressSpace.bootEnd).rounded(down: AddressSpace.largePage)
      while end >= start, end - start >= byteCount {
        let block = StartInfo.Piece(start: end - byteCount, byteCount: byteCount)
        if let piece = filled.lowest(in: block) {
          end = piece.start.rounded(down: AddressSpace.largePage)
          continue
        }
        if block.start > best.start { best = block }
        break
      }
    }
    guard best.byteCount > 0 else { Panic.stop("there is no memory left for the kernel itself") }
    return best
  }
}
