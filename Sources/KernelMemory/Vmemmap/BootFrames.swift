// SPDX-License-Identifier: Apache-2.0

/// Frames from the boot allocator, before there is a page allocator.
///
/// What it gives stays reserved for ever, or until somebody releases it on purpose.
final class BootFrames: PageTableSource {
  /// The boot allocator; everything that boot reserves is noted here.
  var memblock: Memblock
  private let machine: Machine
  /// Memory that only old devices reach is spared where possible.
  ///
  /// - Linux: `MAX_DMA_ADDRESS`, 16 MiB.
  private static var lowest: PhysicalAddress { PhysicalAddress(16 << 20) }

  init(memblock: Memblock, machine: Machine) {
    self.memblock = memblock
    self.machine = machine
  }

  /// A block of `byteCount` bytes, a power of two, aligned to its size and near `node`.
  ///
  /// - Returns: nil if there is none. The contents are zero, as boot memory is.
  func allocate(byteCount: UInt, near node: NodeID) -> PageFrameNumber? {
    let request = MemblockRequest(
      byteCount: byteCount, alignment: byteCount,
      bounds: Self.lowest..<PhysicalAddress(.max), placement: .preferred(node))
    guard let range = try? memblock.allocate(request) else { return nil }
    return memblock.pageSize.frame(containing: range.lowerBound)
  }

  /// Gives a block back that was never used.
  func free(_ frames: FrameRange) {
    let size = memblock.pageSize
    memblock.free(size.address(of: frames.lowerBound)..<size.address(of: frames.upperBound))
  }

  func allocateTable(of order: PageOrder) -> PageFrameNumber? {
    let bytes = order.pageCount << memblock.pageSize.shift
    let request = MemblockRequest(
      byteCount: bytes, alignment: bytes,
      bounds: Self.lowest..<PhysicalAddress(.max))
    guard let range = try? memblock.allocate(request) else { return nil }
    return memblock.pageSize.frame(containing: range.lowerBound)
  }

  func freeUnlinkedTable(_ frame: PageFrameNumber) {
    free(frame..<frame.advanced(by: 1))
  }
}
