// SPDX-License-Identifier: Apache-2.0

/// Frames that belong together for a while, as runs of neighbours.
///
/// The vmemmap pages of neighbouring folios lie together, so a batch of a thousand folios is a few
/// runs, even if its folios take turns on several nodes: a handful of runs grow side by side. A run
/// that has to make room is linked to others through the descriptor of its first frame, so a
/// collection of any size costs nothing but these words.
///
/// The frames must be writable through the vmemmap and on no other list.
struct FrameRuns: ~Copyable {
  /// The runs that grow: the first ``growingCount``. No two of them are neighbours.
  private var growing: InlineArray<16, FrameRange>
  private var growingCount = 0
  /// The run that makes room next.
  private var oldest = 0
  /// The address of the first descriptor of the first run set aside, or 0.
  private var setAside: UInt64 = 0
  /// The number of frames in all runs.
  private(set) var pageCount: UInt = 0

  init() {
    growing = InlineArray(repeating: PageFrameNumber(0)..<PageFrameNumber(0))
  }

  deinit {
    precondition(pageCount == 0, "frames were dropped instead of freed")
  }

  var isEmpty: Bool { pageCount == 0 }

  /// Adds `frames`, which are in no run so far.
  @inline(__always)
  mutating func append(_ frames: FrameRange, _ vmemmap: Vmemmap) {
    guard !frames.isEmpty else { return }
    pageCount &+= frames.pageCount
    for index in 0..<growingCount {
      let run = growing[index]
      if frames.lowerBound == run.upperBound {
        return grow(index, upTo: frames.upperBound)
      }
      if frames.upperBound == run.lowerBound {
        return grow(index, downTo: frames.lowerBound)
      }
    }
    begin(frames, vmemmap)
  }

  /// Makes a run longer, up to the one that begins there, if there is one.
  private mutating func grow(_ index: Int, upTo end: PageFrameNumber) {
    let start = growing[index].lowerBound
    growing[index] = start..<end
    for other in 0..<growingCount where growing[other].lowerBound == end {
      growing[index] = start..<growing[other].upperBound
      return drop(other)
    }
  }

  /// Makes a run longer, down to the one that ends there, if there is one.
  private mutating func grow(_ index: Int, downTo start: PageFrameNumber) {
    let end = growing[index].upperBound
    growing[index] = start..<end
    for other in 0..<growingCount where growing[other].upperBound == start {
      growing[index] = growing[other].lowerBound..<end
      return drop(other)
    }
  }

  /// Forgets a growing run that became a part of another.
  private mutating func drop(_ index: Int) {
    growingCount &-= 1
    growing[index] = growing[growingCount]
  }

  /// Begins a run, in the place of the oldest one if there is no other.
  private mutating func begin(_ frames: FrameRange, _ vmemmap: Vmemmap) {
    if growingCount < growing.count {
      growing[growingCount] = frames
      growingCount &+= 1
    } else {
      setAside(growing[oldest], vmemmap)
      growing[oldest] = frames
      oldest = (oldest &+ 1) % growing.count
    }
  }

  private mutating func setAside(_ run: FrameRange, _ vmemmap: Vmemmap) {
    let next = setAside
    vmemmap.with(run.lowerBound) { words in
      words.link = next
      words.privateWord = UInt64(run.pageCount)
    }
    setAside = UInt64(vmemmap.address(of: run.lowerBound).rawValue)
  }

  /// Removes a run; nil if there is none.
  mutating func popRun(_ vmemmap: Vmemmap) -> FrameRange? { popFrames(upTo: .max, vmemmap) }

  /// Removes the first frames of a run, up to `count`; nil if there are none.
  @inline(__always)
  mutating func popFrames(upTo count: UInt, _ vmemmap: Vmemmap) -> FrameRange? {
    if growingCount == 0, !bringBack(vmemmap) { return nil }
    let run = growing[growingCount &- 1]
    let part = FrameRange(start: run.lowerBound, pageCount: min(count, run.pageCount))
    pageCount &-= part.pageCount
    if part.upperBound == run.upperBound {
      growingCount &-= 1
    } else {
      growing[growingCount &- 1] = part.upperBound..<run.upperBound
    }
    return part
  }

  /// Makes the run that was set aside last the only one that grows; false if there is none.
  private mutating func bringBack(_ vmemmap: Vmemmap) -> Bool {
    guard setAside != 0 else { return false }
    let first = vmemmap.frame(at: setAside)
    var count: UInt = 0
    vmemmap.with(first) { words in
      count = UInt(words.privateWord)
      setAside = words.link
      words.link = 0
      words.privateWord = 0
    }
    growing[0] = FrameRange(start: first, pageCount: count)
    growingCount = 1
    return true
  }
}
