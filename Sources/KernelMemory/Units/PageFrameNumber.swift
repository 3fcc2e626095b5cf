// SPDX-License-Identifier: Apache-2.0

/// The number of one page frame: a physical address in units of the base page.
///
/// A page frame number names memory; it neither owns the frame nor promises that a descriptor
/// exists for it. How many bytes a frame has is the machine's ``PageSize``.
///
/// - Unit: base pages.
/// - Linux: `unsigned long pfn`.
@frozen
public struct PageFrameNumber: Hashable, Comparable, Sendable, Strideable {
  /// The number itself, in base pages.
  public let rawValue: UInt

  /// Creates the frame number `rawValue`.
  @inlinable
  public init(_ rawValue: UInt) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  @inlinable
  public func distance(to other: Self) -> Int { Int(bitPattern: other.rawValue &- rawValue) }

  @inlinable
  public func advanced(by pageCount: Int) -> Self { Self(rawValue &+ UInt(bitPattern: pageCount)) }

  /// Tells whether a block of `order` can start here.
  @inlinable
  public func isAligned(to order: PageOrder) -> Bool { rawValue & (order.pageCount &- 1) == 0 }

  /// The first frame of the `order`-sized aligned block that contains the receiver.
  @inlinable
  public func aligned(downTo order: PageOrder) -> Self { Self(rawValue & ~(order.pageCount &- 1)) }

  /// The first frame, not below the receiver, where a block of `order` can start.
  @inlinable
  public func aligned(upTo order: PageOrder) -> Self {
    Self((rawValue &+ order.pageCount &- 1) & ~(order.pageCount &- 1))
  }

  /// The number of the other half of the `order`-sized block that starts here.
  ///
  /// - Precondition: the receiver is aligned to `order`.
  /// - Linux: `__find_buddy_pfn()`.
  @inlinable
  public func buddy(at order: PageOrder) -> Self {
    assert(isAligned(to: order), "a buddy block starts on its own size")
    return Self(rawValue ^ order.pageCount)
  }
}

/// A half-open run of page frames.
public typealias FrameRange = Range<PageFrameNumber>

extension Range where Bound == PageFrameNumber {
  /// The number of frames in the range.
  @inlinable
  public var pageCount: UInt { upperBound.rawValue &- lowerBound.rawValue }

  /// The range of `pageCount` frames that starts at `start`.
  @inlinable
  public init(start: PageFrameNumber, pageCount: UInt) {
    self = start..<PageFrameNumber(start.rawValue &+ pageCount)
  }
}
