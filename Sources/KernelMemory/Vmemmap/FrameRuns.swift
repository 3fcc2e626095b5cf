// SPDX-License-Identifier: Apache-2.0

/// Frames that belong together for a while, as runs of neighbours.
///
/// The vmemmap pages of neighbouring folios lie together, so a batch of a thousand folios is a few
/// runs. The last run grows while neighbours are added; earlier ones are linked through the
/// descriptor of their first frame, so a collection of any size costs nothing but these words.
///
/// The frames must be writable through the vmemmap and on no other list.
struct FrameRuns: ~Copyable {
  /// The run that grows.
  private var current = PageFrameNumber(0)..<PageFrameNumber(0)
  /// The address of the first descriptor of the run before it, or 0.
  private var earlier: UInt64 = 0
  /// The number of frames in all runs.
  private(set) var pageCount: UInt = 0

  init() {}

  deinit {
    precondition(pageCount == 0, "frames were dropped instead of freed")
  }

  var isEmpty: Bool { pageCount == 0 }

  /// Adds `frames`, which are in no run so far.
  @inline(__always)
  mutating func append(_ frames: FrameRange, _ vmemmap: Vmemmap) {
    pageCount &+= frames.pageCount
    if frames.lowerBound == current.upperBound {
      current = current.lowerBound..<frames.upperBound
    } else if frames.upperBound == current.lowerBound {
      current = frames.lowerBound..<current.upperBound
    } else {
      setAside(vmemmap)
      current = frames
    }
  }

  /// Links the growing run before the earlier ones.
  private mutating func setAside(_ vmemmap: Vmemmap) {
    guard !current.isEmpty else { return }
    let count = current.pageCount
    let next = earlier
    vmemmap.with(current.lowerBound) { words in
      words.link = next
      words.privateWord = UInt64(count)
    }
    earlier = UInt64(vmemmap.address(of: current.lowerBound).rawValue)
  }

  /// Removes the youngest run; nil if there is none.
  mutating func popRun(_ vmemmap: Vmemmap) -> FrameRange? {
    guard !current.isEmpty else { return nil }
    let run = current
    pageCount &-= run.pageCount
    takeUpEarlier(vmemmap)
    return run
  }

  /// Removes the first frame of the youngest run; nil if there is none.
  @inline(__always)
  mutating func popFrame(_ vmemmap: Vmemmap) -> PageFrameNumber? {
    guard !current.isEmpty else { return nil }
    let pfn = current.lowerBound
    pageCount &-= 1
    current = pfn.advanced(by: 1)..<current.upperBound
    if current.isEmpty { takeUpEarlier(vmemmap) }
    return pfn
  }

  private mutating func takeUpEarlier(_ vmemmap: Vmemmap) {
    current = PageFrameNumber(0)..<PageFrameNumber(0)
    guard earlier != 0 else { return }
    let first = vmemmap.frame(at: earlier)
    var count: UInt = 0
    vmemmap.with(first) { words in
      count = UInt(words.privateWord)
      earlier = words.link
      words.link = 0
      words.privateWord = 0
    }
    current = FrameRange(start: first, pageCount: count)
  }
}
