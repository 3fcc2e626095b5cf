// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Memory of this process that is as cold as a simulated host's: base pages only, none touched.
@safe
public final class ColdMemory {
  private let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// Maps `byteCount` bytes.
  ///
  /// - Returns: nil if the process cannot have them.
  public init?(byteCount: Int) {
    let mapping = unsafe mmap(
      nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
    guard let base = unsafe mapping, unsafe base != MAP_FAILED else { return nil }
    _ = unsafe madvise(base, byteCount, MADV_NOHUGEPAGE)
    unsafe self.base = base
    self.byteCount = byteCount
  }

  deinit {
    _ = unsafe munmap(base, byteCount)
  }

  /// Writes every byte, so that reading it finds real pages.
  public func warm() {
    unsafe base.initializeMemory(as: UInt8.self, repeating: 1, count: byteCount)
  }

  /// Makes all of it untouched again.
  public func discard() {
    _ = unsafe madvise(base, byteCount, MADV_DONTNEED)
  }

  /// Copies `pieceByteCount` bytes from the start of `source` to each piece of this memory.
  @inline(never)
  public func fill(from source: ColdMemory, pieceByteCount: Int) {
    for offset in stride(from: 0, to: byteCount, by: pieceByteCount) {
      unsafe (base + offset).copyMemory(from: source.base, byteCount: pieceByteCount)
    }
  }

  /// Copies all of `source`, which has as many bytes, in pieces of `pieceByteCount`.
  @inline(never)
  public func copy(_ source: ColdMemory, pieceByteCount: Int) {
    for offset in stride(from: 0, to: byteCount, by: pieceByteCount) {
      unsafe (base + offset).copyMemory(from: source.base + offset, byteCount: pieceByteCount)
    }
  }
}
