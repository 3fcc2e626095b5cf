// SPDX-License-Identifier: Apache-2.0

/// Single frames whose contents may be moved elsewhere, because whoever holds them asks here where
/// they are.
///
/// It stands for what a kernel finds through the mappings of processes and the page cache: the way
/// from a frame to all who know it. Each descriptor of such a frame is marked, so that a look at it
/// tells whether the frame can be moved.
///
/// - Linux: pages on the LRU, `migrate_pages()`.
final class MovableFrames: @unchecked Sendable {
  /// Frames that lie together and have one holder.
  private struct Holding {
    let holder: UInt
    var frames: FrameRange
  }

  private let vmemmap: Vmemmap
  private let lock = SpinLock(.movableFrames)
  /// Guarded by ``lock``, as all that follows.
  private var holdings: [Holding] = []
  private var holderCount: UInt = 0

  init(vmemmap: Vmemmap) { self.vmemmap = vmemmap }

  /// What the mapping word of a frame that can be moved says.
  ///
  /// - Linux: `PAGE_MAPPING_ANON`, the lowest bit of `page->mapping`.
  private static var mark: UInt64 { 1 }

  /// A number for somebody who will hold frames.
  func makeHolder() -> UInt {
    lock.withLock {
      holderCount &+= 1
      return holderCount
    }
  }

  /// Notes that `holder` holds `frames`, each with one reference.
  func hold(_ frames: FrameRange, by holder: UInt) {
    for pfn in frames { vmemmap.with(pfn) { $0.mapping = Self.mark } }
    lock.withLock {
      if let last = holdings.last, last.holder == holder,
        last.frames.upperBound == frames.lowerBound
      {
        holdings[holdings.count &- 1].frames = last.frames.lowerBound..<frames.upperBound
      } else {
        holdings.append(Holding(holder: holder, frames: frames))
      }
    }
  }

  /// Hands all frames of `holder` back to it; nobody moves them any more.
  func takeAll(of holder: UInt) -> [FrameRange] {
    lock.withLock {
      let own = holdings.filter { $0.holder == holder }.map { $0.frames }
      holdings.removeAll { $0.holder == holder }
      return own
    }
  }

  /// Whether `pfn` can be moved.
  func canMove(_ pfn: PageFrameNumber) -> Bool {
    vmemmap.with(pfn, for: .load) { $0.mapping == Self.mark && $0.counts.references > 0 }
  }

  /// Lets the holder of `old` hold `new` with the same contents instead.
  ///
  /// - Returns: false if nobody holds `old` any more; then nothing changed. Otherwise the caller owns
  ///   the reference to `old`.
  func replace(_ old: PageFrameNumber, with new: PageFrameNumber) -> Bool {
    lock.withLock {
      guard let index = holdings.firstIndex(where: { $0.frames.contains(old) }) else {
        return false
      }
      let size = vmemmap.pageSize
      vmemmap.machine.copyContents(
        from: size.address(of: old), to: size.address(of: new), byteCount: size.byteCount)
      vmemmap.with(new) { $0.mapping = Self.mark }
      vmemmap.with(old) { $0.mapping = 0 }
      split(at: index, around: old, inserting: new)
      return true
    }
  }

  private func split(
    at index: Int, around old: PageFrameNumber, inserting new: PageFrameNumber
  ) {
    let holding = holdings[index]
    let parts = [
      holding.frames.lowerBound..<old, old.advanced(by: 1)..<holding.frames.upperBound,
      new..<new.advanced(by: 1),
    ].filter { !$0.isEmpty }.map { Holding(holder: holding.holder, frames: $0) }
    holdings.replaceSubrange(index...index, with: parts)
  }
}
