// SPDX-License-Identifier: Apache-2.0

/// A range of kernel addresses and the frames that it is to be mapped to.
struct RangeMapping {
  /// The frames, page by page.
  enum Frames {
    /// Each page has the frame at its place in the list.
    case list([PageFrameNumber])
    /// The frames from this one on; they need not be memory.
    case run(from: PageFrameNumber)
  }

  /// The addresses.
  let range: Range<VirtualAddress>
  let frames: Frames
  /// The highest level of which leaves may be used.
  let largestLevel: Int
  let pageSize: PageSize

  /// The frame of the page at `address`.
  @inline(__always)
  func frame(at address: VirtualAddress) -> PageFrameNumber {
    let index = (address.rawValue &- range.lowerBound.rawValue) &>> pageSize.shift
    switch frames {
    case .list(let frames): return frames[Int(bitPattern: index)]
    case .run(let first): return PageFrameNumber(first.rawValue &+ index)
    }
  }

  /// Whether there is a frame for each page, and the range consists of blocks of `order`.
  func consists(ofBlocksOf order: PageOrder) -> Bool {
    let block = order.pageCount &<< pageSize.shift
    guard range.lowerBound.isAligned(toBytes: block), range.upperBound.isAligned(toBytes: block)
    else { return false }
    guard case .list(let frames) = frames else { return true }
    return UInt(frames.count) == range.byteCount &>> pageSize.shift
  }
}

/// A part of a mapping that one entry of a level may map, or, at level 0, entries of one table.
struct MappingSlot {
  let range: Range<VirtualAddress>
  let level: Int
}

extension RangeMapping {
  /// Cuts `part` of the mapping into slots, each with the highest level up to `limit` that fits.
  ///
  /// A leaf fits where both addresses are multiples of what it maps and all of that is wanted (spec
  /// 09 section 4).
  func forEachSlot<Failure: Error>(
    of part: Range<VirtualAddress>, upTo limit: Int, in format: PagingFormat,
    _ body: (MappingSlot) throws(Failure) -> Void
  ) throws(Failure) {
    var address = part.lowerBound
    while address < part.upperBound {
      let level = level(at: address, in: part, upTo: limit, format)
      // Behind its start, no address of a PMD is a multiple of one: the rest is base pages.
      let step: UInt = 1 &<< format.levels[max(level, 1)].shift
      let next = address.rounded(downToBytes: step).advanced(byBytes: step)
      let end = next > address ? min(next, part.upperBound) : part.upperBound
      try body(MappingSlot(range: address..<end, level: level))
      address = end
    }
  }

  private func level(
    at address: VirtualAddress, in part: Range<VirtualAddress>, upTo limit: Int,
    _ format: PagingFormat
  ) -> Int {
    let physical = pageSize.address(of: frame(at: address)).rawValue
    var level = limit
    while level > 0 {
      let size: UInt = 1 &<< format.levels[level].shift
      if format.levels[level].allowsLeaf, (address.rawValue | physical) & (size &- 1) == 0,
        part.upperBound.rawValue &- address.rawValue >= size
      {
        return level
      }
      level &-= 1
    }
    return 0
  }
}
