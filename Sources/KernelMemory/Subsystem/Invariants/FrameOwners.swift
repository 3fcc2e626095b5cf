// SPDX-License-Identifier: Apache-2.0

/// Who has a frame.
public enum FrameOwner: UInt8, Sendable {
  /// A free list.
  case freeList
  /// A section of which nothing is in use.
  case freeSection
  /// A CPU that keeps it at hand.
  case processor
  /// The vmemmap, whose descriptors live in it.
  case vmemmap
  /// The page tables.
  case table
  /// All folded pages of a zone and order, whose tails it shows.
  case sharedTail
  /// A pool of huge pages.
  case pool
  /// A vmalloc area.
  case vmalloc
  /// The memory block that it lies in, for its descriptors.
  case selfHosted

  /// Whether the page allocator may give the frame to anybody at any moment.
  var isFree: Bool { self == .freeList || self == .freeSection || self == .processor }

  /// What reports call it.
  var name: StaticString {
    switch self {
    case .freeList: "a free list"
    case .freeSection: "a free section"
    case .processor: "a CPU's list"
    case .vmemmap: "the vmemmap"
    case .table: "the page tables"
    case .sharedTail: "the shared tails"
    case .pool: "a pool"
    case .vmalloc: "a vmalloc area"
    case .selfHosted: "its block's descriptors"
    }
  }
}

/// A run of frames with the same owner.
struct OwnedFrames {
  var frames: FrameRange
  let owner: FrameOwner
}

/// Who has which frames, put together from what the owners say and not from the frames.
struct FrameOwners {
  private(set) var runs: [OwnedFrames] = []

  /// Notes that `frames` belong to `owner`; a neighbour of the run noted last prolongs it.
  @inline(__always)
  mutating func add(_ frames: FrameRange, _ owner: FrameOwner) {
    let last = runs.count &- 1
    if last >= 0, runs[last].owner == owner, runs[last].frames.upperBound == frames.lowerBound {
      runs[last].frames = runs[last].frames.lowerBound..<frames.upperBound
    } else if !frames.isEmpty {
      runs.append(OwnedFrames(frames: frames, owner: owner))
    }
  }

  /// Brings the runs into ascending order; from then on nothing is added.
  mutating func sort() {
    runs.sort { $0.frames.lowerBound < $1.frames.lowerBound }
  }

  /// The owner of `pfn`; nil if nobody said so. The runs are sorted.
  func owner(of pfn: PageFrameNumber) -> FrameOwner? {
    let index = runs.partitionPoint { $0.frames.lowerBound > pfn }
    guard index > 0, runs[index - 1].frames.contains(pfn) else { return nil }
    return runs[index - 1].owner
  }
}

/// Whose the machine's memory is, in frames.
///
/// - Unit: base pages.
struct FrameOwnership: Equatable {
  /// Free: on lists, in whole sections, kept by CPUs.
  var free: UInt = 0
  /// Never given to the page allocator.
  var reserved: UInt = 0
  /// Behind the vmemmap since boot.
  var bootVmemmap: UInt = 0
  /// Behind the vmemmap, from the page allocator.
  var runtimeVmemmap: UInt = 0
  /// Page tables.
  var tables: UInt = 0
  /// Shared tails.
  var sharedTails: UInt = 0
  /// Pages of pools.
  var pooled: UInt = 0
  /// Pages of vmalloc areas.
  var vmalloc: UInt = 0
  /// Bad frames that are kept from everybody.
  var poisoned: UInt = 0
  /// In the hand of somebody else: whoever allocated them knows.
  var held: UInt = 0
}

/// Address ranges in ascending order, of which neighbours are one.
struct AddressRanges {
  private(set) var ranges: [Range<VirtualAddress>] = []

  /// Adds a range that starts at or behind the end of the last one.
  @inline(__always)
  mutating func add(_ range: Range<VirtualAddress>) {
    let last = ranges.count &- 1
    if last >= 0, range.lowerBound <= ranges[last].upperBound {
      let end = max(ranges[last].upperBound, range.upperBound)
      ranges[last] = ranges[last].lowerBound..<end
    } else if !range.isEmpty {
      ranges.append(range)
    }
  }

  /// Calls `body` with each stretch of addresses that is in one of `a` and `b` and not in the other,
  /// and whether it is in `a`.
  static func forEachDifference(
    _ a: Self, _ b: Self, _ body: (Range<VirtualAddress>, Bool) -> Void
  ) {
    a.forEachGap(in: b) { body($0, true) }
    b.forEachGap(in: a) { body($0, false) }
  }

  /// Calls `body` with each stretch of these ranges that `other` does not cover.
  private func forEachGap(in other: Self, _ body: (Range<VirtualAddress>) -> Void) {
    var index = 0
    for range in ranges {
      var start = range.lowerBound
      while index < other.ranges.count, other.ranges[index].upperBound <= start { index += 1 }
      var next = index
      while start < range.upperBound {
        guard next < other.ranges.count, other.ranges[next].lowerBound < range.upperBound else {
          body(start..<range.upperBound)
          break
        }
        if start < other.ranges[next].lowerBound { body(start..<other.ranges[next].lowerBound) }
        start = max(start, other.ranges[next].upperBound)
        next += 1
      }
    }
  }
}
