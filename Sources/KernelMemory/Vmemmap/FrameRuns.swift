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
  /// The runs that grow; unused ones are empty.
  private var growing: InlineArray<16, FrameRange>
  /// The run that grew last.
  private var latest = 0
  /// The run that makes room next.
  private var oldest = 0
  /// The address of the first descriptor of the first run set aside, or 0.
  private var setAside: UInt64 = 0
  /// The number of frames in all runs.
  private(set) var pageCount: UInt = 0

  private static var none: FrameRange { PageFrameNumber(0)..<PageFrameNumber(0) }

  init() { growing = InlineArray(repeating: Self.none) }

  deinit {
    precondition(pageCount == 0, "frames were dropped instead of freed")
  }

  var isEmpty: Bool { pageCount == 0 }

  /// Adds `frames`, which are in no run so far.
  @inline(__always)
  mutating func append(_ frames: FrameRange, _ vmemmap: Vmemmap) {
    pageCount &+= frames.pageCount
    if grow(latest, by: frames) { return }
    for index in growing.indices where grow(index, by: frames) {
      latest = index
      return
    }
    begin(frames, vmemmap)
  }

  /// Adds `frames` to a growing run if they are its neighbours.
  @inline(__always)
  private mutating func grow(_ index: Int, by frames: FrameRange) -> Bool {
    let run = growing[index]
    guard !run.isEmpty else { return false }
    if frames.lowerBound == run.upperBound {
      growing[index] = run.lowerBound..<frames.upperBound
    } else if frames.upperBound == run.lowerBound {
      growing[index] = frames.lowerBound..<run.upperBound
    } else {
      return false
    }
    return true
  }

  /// Begins a run, in the place of an unused or the oldest one.
  private mutating func begin(_ frames: FrameRange, _ vmemmap: Vmemmap) {
    latest = oldest
    for index in growing.indices where growing[index].isEmpty { latest = index }
    if !growing[latest].isEmpty {
      setAside(growing[latest], vmemmap)
      oldest = (oldest + 1) % growing.count
    }
    growing[latest] = frames
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
  mutating func popRun(_ vmemmap: Vmemmap) -> FrameRange? {
    guard let index = someRun(vmemmap) else { return nil }
    let run = growing[index]
    growing[index] = Self.none
    pageCount &-= run.pageCount
    return run
  }

  /// Removes the first frames of a run, up to `count`; nil if there are none.
  @inline(__always)
  mutating func popFrames(upTo count: UInt, _ vmemmap: Vmemmap) -> FrameRange? {
    guard let index = growing[latest].isEmpty ? someRun(vmemmap) : latest else { return nil }
    let run = growing[index]
    let part = FrameRange(start: run.lowerBound, pageCount: min(count, run.pageCount))
    pageCount &-= part.pageCount
    growing[index] = part.upperBound..<run.upperBound
    latest = index
    return part
  }

  /// The index of a run that has frames.
  private mutating func someRun(_ vmemmap: Vmemmap) -> Int? {
    for index in growing.indices where !growing[index].isEmpty { return index }
    guard setAside != 0 else { return nil }
    let first = vmemmap.frame(at: setAside)
    var count: UInt = 0
    vmemmap.with(first) { words in
      count = UInt(words.privateWord)
      setAside = words.link
      words.link = 0
      words.privateWord = 0
    }
    growing[0] = FrameRange(start: first, pageCount: count)
    return 0
  }
}
