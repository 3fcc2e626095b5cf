// SPDX-License-Identifier: Apache-2.0

// Descriptors of neighbouring frames, one after another: each vmemmap page is translated once.

extension Vmemmap {
  /// The first of `frames` whose descriptor is as `predicate` says; their end if there is none.
  @inline(__always)
  func firstFrame(
    of frames: FrameRange, for access: MemoryAccess = .load,
    where predicate: (DescriptorWords) -> Bool
  ) -> PageFrameNumber {
    var first = frames.lowerBound
    while first < frames.upperBound {
      let left = descriptorsPerPage &- first.rawValue & (descriptorsPerPage &- 1)
      let count = min(left, frames.upperBound.rawValue &- first.rawValue)
      let index = unsafe withRun(from: first, for: access) { pointer in
        unsafe firstIndex(from: pointer, count: Int(bitPattern: count), where: predicate)
      }
      first = first.advanced(by: index)
      if index < Int(bitPattern: count) { break }
    }
    return first
  }

  @inline(__always)
  private func firstIndex(
    from pointer: UnsafeMutableRawPointer, count: Int, where predicate: (DescriptorWords) -> Bool
  ) -> Int {
    var index = 0
    while index < count,
      !predicate(
        unsafe DescriptorWords(at: pointer + index &* Int(DescriptorWords.byteCount)))
    {
      index &+= 1
    }
    return index
  }

  /// Lends the descriptors of `frames` to `body`, to be written one after another.
  @inline(__always)
  func forEachDescriptor(of frames: FrameRange, _ body: (DescriptorWords) -> Void) {
    _ = firstFrame(of: frames, for: .store) { words in
      body(words)
      return false
    }
  }

  /// Makes the descriptors of `frames` those of allocated frames with `references` references each.
  func initialize(_ frames: FrameRange, place: UInt64, references: UInt32) {
    let counts = DescriptorCounts(references: references)
    forEachDescriptor(of: frames) { $0.reset(flags: place, counts: counts) }
  }

  /// Lends the descriptors from that of `pfn` to the end of its vmemmap page.
  @inline(__always)
  func withRun<Result>(
    from pfn: PageFrameNumber, for access: MemoryAccess = .store,
    _ body: (UnsafeMutableRawPointer) -> Result
  ) -> Result {
    do throws(MachineFault) {
      return try unsafe machine.withMemory(at: address(of: pfn), for: access, body)
    } catch {
      oops(at: pfn)
    }
  }
}
