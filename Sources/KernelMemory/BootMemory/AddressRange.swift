// SPDX-License-Identifier: Apache-2.0

extension Range where Bound == PhysicalAddress {
  /// The number of bytes in the range.
  public var byteCount: UInt { upperBound.rawValue &- lowerBound.rawValue }

  /// The range of `byteCount` bytes that starts at `start`, cut where addresses end.
  public init(start: PhysicalAddress, byteCount: UInt) {
    let (end, overflow) = start.rawValue.addingReportingOverflow(byteCount)
    self = start..<PhysicalAddress(overflow ? .max : end)
  }

  /// The part of the range that consists of whole blocks of `byteCount` bytes, a power of two.
  ///
  /// Empty, at the range's start, if there is no whole block.
  func wholeBlocks(ofBytes byteCount: UInt) -> Self {
    let mask = byteCount &- 1
    let (sum, overflow) = lowerBound.rawValue.addingReportingOverflow(mask)
    let start = PhysicalAddress(sum & ~mask)
    let end = PhysicalAddress(upperBound.rawValue & ~mask)
    return overflow || end <= start ? lowerBound..<lowerBound : start..<end
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first index whose element satisfies `belongs`, which holds from some element on to the end.
  ///
  /// - Complexity: O(log *n*).
  func partitionPoint(where belongs: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = low + (high - low) / 2
      if belongs(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
