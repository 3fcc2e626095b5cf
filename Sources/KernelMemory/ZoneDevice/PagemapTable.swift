// SPDX-License-Identifier: Apache-2.0

/// Which map has which frames.
///
/// - Linux: `pgmap_array`.
final class PagemapTable: @unchecked Sendable {
  private struct Entry {
    let frames: FrameRange
    let map: DevicePagemap
  }

  private let lock = SpinLock(.list)
  /// Ascending, apart from each other.
  private var entries: [Entry] = []

  init() {}

  /// The map that has `pfn`, dead or alive.
  func map(at pfn: PageFrameNumber) -> DevicePagemap? {
    lock.withLock {
      let index = entries.partitionPoint { $0.frames.upperBound > pfn }
      guard index < entries.count, entries[index].frames.contains(pfn) else { return nil }
      return entries[index].map
    }
  }

  /// Notes that `map` has `frames`.
  ///
  /// - Returns: false if some map has some of them; then nothing is noted.
  func insert(_ frames: FrameRange, _ map: DevicePagemap) -> Bool {
    lock.withLock {
      let index = entries.partitionPoint { $0.frames.upperBound > frames.lowerBound }
      if index < entries.count, entries[index].frames.lowerBound < frames.upperBound {
        return false
      }
      entries.insert(Entry(frames: frames, map: map), at: index)
      return true
    }
  }

  /// Forgets who has `frames`, which were noted together.
  func remove(_ frames: FrameRange) {
    lock.withLock { entries.removeAll { $0.frames == frames } }
  }

  /// All maps with their ranges, ascending.
  var all: [(frames: FrameRange, map: DevicePagemap)] {
    lock.withLock { entries.map { ($0.frames, $0.map) } }
  }
}
