// SPDX-License-Identifier: Apache-2.0

/// The size of the base page: what one page-table entry of the last level maps.
///
/// It is a value of the architecture (``PagingFormat``), never a constant of the code.
///
/// - Unit: log2 of bytes.
/// - Linux: `PAGE_SHIFT`.
@frozen
public struct PageSize: Hashable, Sendable {
  /// log2 of the bytes in a base page.
  public let shift: UInt

  /// Creates the page size of `1 << shift` bytes.
  @inlinable
  public init(shift: UInt) { self.shift = shift }

  /// 4 KiB pages.
  @inlinable
  public static var fourKiB: Self { Self(shift: 12) }
  /// 16 KiB pages.
  @inlinable
  public static var sixteenKiB: Self { Self(shift: 14) }
  /// 64 KiB pages.
  @inlinable
  public static var sixtyFourKiB: Self { Self(shift: 16) }

  /// The bytes in one base page.
  @inlinable
  public var byteCount: UInt { 1 &<< shift }

  /// The physical address of the first byte of `pfn`.
  @inlinable
  public func address(of pfn: PageFrameNumber) -> PhysicalAddress {
    PhysicalAddress(pfn.rawValue &<< shift)
  }

  /// The frame that contains `address`.
  @inlinable
  public func frame(containing address: PhysicalAddress) -> PageFrameNumber {
    PageFrameNumber(address.rawValue &>> shift)
  }

  /// The number of pages that `byteCount` bytes fill, rounded up.
  @inlinable
  public func pageCount(roundingUp byteCount: UInt) -> UInt {
    (byteCount &>> shift) &+ (byteCount & (self.byteCount &- 1) == 0 ? 0 : 1)
  }

  /// The whole pages that lie inside the bytes `range`; empty if there is none.
  @inlinable
  public func wholePages(in range: Range<PhysicalAddress>) -> FrameRange {
    let start = PageFrameNumber(pageCount(roundingUp: range.lowerBound.rawValue))
    let end = frame(containing: range.upperBound)
    return start < end ? start..<end : start..<start
  }
}
