// SPDX-License-Identifier: Apache-2.0

internal import CMetal

/// The first half of booting: on the loader's image and the first tables, without a heap.
///
/// It finds room for the kernel, keeps what the loader said, makes the kernel's tables, and moves
/// there.
enum Boot {
  /// What the second half finds: the image moves with its variables.
  nonisolated(unsafe) static var placement = Placement()
  /// What the loader filled, besides the image.
  nonisolated(unsafe) static var used = LoaderMemory()
  /// The pages that are left.
  nonisolated(unsafe) static var pool = FramePool(next: 0, end: 0)

  /// Moves the kernel, and goes on in ``runKernel()``.
  static func place(_ startInfo: UInt) -> Never {
    SerialPort.start()
    let info = StartInfo(at: startInfo)
    var placement = Placement(info, levelCount: Architecture.levelCount(info))
    var pool = FramePool(next: placement.pages.start, end: placement.pages.end)
    placement.memoryMap = keep(info.memoryMap, in: &pool)
    placement.commandLine = keep(info.commandLine, in: &pool)
    placement.script = keep(info.module, in: &pool)
    var tables = KernelTables(levelCount: placement.levelCount, window: 0, pool: pool)
    tables.prepareTops()
    mapImage(placement.image.start, &tables)
    mapMemory(info, placement, &tables)
    mapFirstStack(&tables)
    Trampoline.map(placement.image.start, &tables)
    unsafe Self.placement = placement
    unsafe Self.used = LoaderMemory(info)
    unsafe Self.pool = tables.pool
    Trampoline.enter(placement)
  }

  /// Copies what the loader left to the kernel's own pages.
  private static func keep(_ piece: StartInfo.Piece, in pool: inout FramePool) -> StartInfo.Piece {
    guard piece.byteCount > 0 else { return StartInfo.Piece() }
    let pages = piece.byteCount.rounded(up: AddressSpace.page) / AddressSpace.page
    let copy = StartInfo.Piece(start: pool.take(pages: pages), byteCount: piece.byteCount)
    RawMemory.copy(from: piece.start, to: copy.start, byteCount: piece.byteCount)
    return copy
  }

  /// Maps the image's three parts, each with its rights, to the place where it will be.
  private static func mapImage(_ frame: UInt, _ tables: inout KernelTables) {
    let start = metal_place_image_start()
    let textEnd = metal_place_text_end()
    let constantsEnd = metal_place_constants_end()
    tables.map(start, to: frame, byteCount: textEnd - start, .code)
    tables.map(
      textEnd, to: frame + (textEnd - start), byteCount: constantsEnd - textEnd, .constants)
    tables.map(
      constantsEnd, to: frame + (constantsEnd - start),
      byteCount: metal_place_image_end() - constantsEnd, .data)
  }

  /// Maps all memory high, but not the image a second time; and the heap low.
  private static func mapMemory(
    _ info: StartInfo, _ placement: Placement, _ tables: inout KernelTables
  ) {
    let base = AddressSpace.directMap(levelCount: placement.levelCount)
    tables.map(base, to: 0, byteCount: AddressSpace.lowMemoryEnd, .data)
    for index in 0..<info.mapEntryCount {
      let range = info.range(index)
      let start = max(range.start.rounded(up: AddressSpace.page), AddressSpace.lowMemoryEnd)
      let end = range.end.rounded(down: AddressSpace.page)
      let rights: KernelTables.Rights = info.isUsable(index) ? .data : .constants
      let imageEnd = placement.pages.start
      map(start, min(end, placement.image.start), base, rights, &tables)
      map(max(start, imageEnd), end, base, rights, &tables)
    }
    tables.map(
      AddressSpace.heap, to: placement.heap.start, byteCount: placement.heap.byteCount, .data)
  }

  private static func map(
    _ start: UInt, _ end: UInt, _ base: UInt, _ rights: KernelTables.Rights,
    _ tables: inout KernelTables
  ) {
    guard start < end else { return }
    tables.map(base + start, to: start, byteCount: end - start, rights)
  }

  private static func mapFirstStack(_ tables: inout KernelTables) {
    let size = AddressSpace.stackByteCount
    let frame = tables.pool.take(pages: size / AddressSpace.page)
    tables.map(AddressSpace.stackTop(of: 0) - size, to: frame, byteCount: size, .data)
  }
}

/// Where boot.S goes on.
@c(kernel_place)
public func placeKernel(_ startInfo: UInt) { Boot.place(startInfo) }
