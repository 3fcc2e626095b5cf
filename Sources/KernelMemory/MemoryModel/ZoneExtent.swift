// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The frames that a zone spans, which hot-plug changes while others look.
///
/// A reader that meets a change looks again; it never sees one end of the old span and the other of
/// the new.
///
/// - Linux: `zone->zone_start_pfn`, `spanned_pages` and their `span_seqlock`.
final class ZoneExtent: Sendable {
  /// Odd while a change is under way.
  private let sequence = Atomic<UInt>(0)
  private let start: Atomic<UInt>
  private let end: Atomic<UInt>

  init(_ frames: FrameRange) {
    start = Atomic(frames.lowerBound.rawValue)
    end = Atomic(frames.upperBound.rawValue)
  }

  /// The frames from the first to the last, holes included.
  var frames: FrameRange {
    while true {
      let before = sequence.load(ordering: .acquiring)
      let first = start.load(ordering: .acquiring)
      let last = end.load(ordering: .acquiring)
      if before & 1 == 0, sequence.load(ordering: .relaxed) == before {
        return PageFrameNumber(first)..<PageFrameNumber(last)
      }
    }
  }

  /// Changes the span; one caller at a time.
  func change(to frames: FrameRange) {
    sequence.wrappingAdd(1, ordering: .acquiringAndReleasing)
    start.store(frames.lowerBound.rawValue, ordering: .releasing)
    end.store(frames.upperBound.rawValue, ordering: .releasing)
    sequence.wrappingAdd(1, ordering: .releasing)
  }
}
