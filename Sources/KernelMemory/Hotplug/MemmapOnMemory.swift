// SPDX-License-Identifier: Apache-2.0

/// Whether added memory holds its own descriptors.
///
/// - Linux: `memory_hotplug.memmap_on_memory` (spec 08 section 6).
public enum MemmapOnMemoryMode: UInt8, Sendable {
  /// Never.
  case off
  /// Where no frame is wasted by it.
  case on
  /// Also where the rest of a pageblock is wasted.
  case forced

  /// What `/sys/module/memory_hotplug/parameters/memmap_on_memory` reads as.
  var word: StaticString {
    switch self {
    case .off: "N"
    case .on: "Y"
    case .forced: "force"
    }
  }
}

/// The arithmetic of descriptors that lie at the start of the block they describe.
struct MemmapOnMemory {
  let mode: MemmapOnMemoryMode
  let format: PagingFormat
  /// The frames of a block.
  ///
  /// - Unit: base pages.
  let blockPageCount: UInt

  /// The bytes of a block's descriptors.
  private var byteCount: UInt { blockPageCount &* DescriptorWords.byteCount }

  /// The frames at a block's start that hold its descriptors, and those that are wasted with them.
  ///
  /// - Unit: base pages.
  var framePageCount: UInt {
    let pages = format.pageSize.pageCount(roundingUp: byteCount)
    guard mode == .forced else { return pages }
    let block = format.pageblockOrder.pageCount
    return (pages &+ block &- 1) / block &* block
  }

  /// The frames of each block that hold nothing.
  ///
  /// - Unit: base pages.
  var wastedPageCount: UInt {
    framePageCount &- format.pageSize.pageCount(roundingUp: byteCount)
  }

  /// Whether blocks can hold their own descriptors at all.
  ///
  /// - Linux: `mhp_supports_memmap_on_memory()`.
  var isPossible: Bool {
    guard mode != .off, byteCount & (format.pageSize.byteCount &- 1) == 0 else { return false }
    let count = framePageCount
    return count % format.pageblockOrder.pageCount == 0 && count != blockPageCount
      && isPossibleOnArchitecture
  }

  private var isPossibleOnArchitecture: Bool {
    switch format.regime {
    case .powerRadix:
      return format.pageSize == .sixtyFourKiB || byteCount & (format.pmdByteCount &- 1) == 0
    case .x86FourLevel, .x86FiveLevel, .arm64:
      return byteCount & (format.pmdByteCount &- 1) == 0
    case .riscv: return byteCount & (format.pmdByteCount &- 1) == 0
    }
  }
}
