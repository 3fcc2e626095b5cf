// SPDX-License-Identifier: Apache-2.0

/// Frames for descriptors, taken from the start of the memory that they describe.
///
/// ```
/// base        + reserved        + reserved + free            end
///  │  the owner's own │ descriptors: handed out in order │ data      │
/// ```
///
/// Frames are handed out one behind the other and never again: giving frames back only lowers a
/// count, so a range is added and removed in the same pieces.
///
/// - Linux: `struct vmem_altmap` (spec 07 section 1).
public struct Altmap: Equatable, Sendable {
  /// The first frame of the memory.
  public let base: PageFrameNumber
  /// One more than the last frame of the memory.
  public let end: PageFrameNumber
  /// Frames at the start that nobody gets.
  ///
  /// - Unit: base pages.
  public let reservedCount: UInt
  /// Frames behind those, for descriptors.
  ///
  /// - Unit: base pages.
  public let freeCount: UInt
  /// Frames that were passed over to satisfy alignments.
  public private(set) var skippedCount: UInt = 0
  /// Frames that descriptors use.
  public private(set) var usedCount: UInt = 0

  /// Sets `freeCount` frames of `memory`, behind the first `reservedCount`, aside for descriptors.
  public init(of memory: FrameRange, reservedCount: UInt = 0, freeCount: UInt) {
    base = memory.lowerBound
    end = memory.upperBound
    self.reservedCount = reservedCount
    self.freeCount = freeCount
  }

  /// The frames at the start that are not data.
  public var offset: UInt { reservedCount &+ freeCount }

  /// Whether `frames` can be added with it: they start where it does and hold all of it.
  public func fits(_ frames: FrameRange) -> Bool {
    base == frames.lowerBound && offset <= frames.pageCount
  }

  /// Whether `pfn` is one of the frames for descriptors.
  func holds(_ pfn: PageFrameNumber) -> Bool {
    let first = base.rawValue &+ reservedCount
    return pfn.rawValue >= first && pfn.rawValue < first &+ freeCount
  }

  /// Takes `count` frames, aligned to the lowest bit set in their number.
  ///
  /// - Returns: the first one; nil if too few are left, and then nothing changed.
  mutating func allocate(_ count: UInt) -> PageFrameNumber? {
    precondition(count > 0, "descriptors need at least one frame")
    let next = base.rawValue &+ reservedCount &+ usedCount &+ skippedCount
    let unit = count & (0 &- count)
    let gap = (0 &- next) & (unit &- 1)
    let left = freeCount &- min(freeCount, usedCount &+ skippedCount)
    guard count &+ gap <= left else { return nil }
    usedCount &+= count
    skippedCount &+= gap
    return PageFrameNumber(next &+ gap)
  }

  /// Counts `count` frames as unused again.
  mutating func giveBack(_ count: UInt) {
    precondition(count <= usedCount, "only frames that were handed out are given back")
    usedCount &-= count
  }
}
