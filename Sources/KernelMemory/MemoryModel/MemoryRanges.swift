// SPDX-License-Identifier: Apache-2.0

/// Ranges of frames that come and go; ascending, apart from each other.
final class MemoryRanges: @unchecked Sendable {
  private let lock = SpinLock(.list)
  private var frames: [FrameRange]

  init(_ ranges: [FrameRange] = []) { frames = ranges }

  /// The ranges, ascending.
  var ranges: [FrameRange] { lock.withLock { frames } }

  /// The range with `pfn`.
  func range(with pfn: PageFrameNumber) -> FrameRange? {
    lock.withLock { frames.first { $0.contains(pfn) } }
  }

  /// Whether some of `range` is there.
  func touches(_ range: FrameRange) -> Bool {
    lock.withLock { frames.contains { $0.overlaps(range) } }
  }

  /// Adds `new`, which joins the ranges that it touches.
  ///
  /// - Precondition: none of it is there.
  func insert(_ new: FrameRange) {
    lock.withLock {
      var joined = new
      var others: [FrameRange] = []
      for range in frames {
        precondition(!range.overlaps(new), "memory is added once")
        if range.upperBound == joined.lowerBound {
          joined = range.lowerBound..<joined.upperBound
        } else if range.lowerBound == joined.upperBound {
          joined = joined.lowerBound..<range.upperBound
        } else {
          others.append(range)
        }
      }
      let place = others.firstIndex { $0.lowerBound > joined.lowerBound } ?? others.count
      others.insert(joined, at: place)
      frames = others
    }
  }

  /// Takes `old` away, as far as it is there.
  func remove(_ old: FrameRange) {
    lock.withLock {
      frames = frames.flatMap { range -> [FrameRange] in
        guard range.overlaps(old) else { return [range] }
        let below = range.lowerBound..<max(range.lowerBound, min(old.lowerBound, range.upperBound))
        let above = min(range.upperBound, max(old.upperBound, range.lowerBound))..<range.upperBound
        return [below, above].filter { !$0.isEmpty }
      }
    }
  }
}
