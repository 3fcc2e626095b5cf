// SPDX-License-Identifier: Apache-2.0

/// The size of a block of pages, as a power of two of base pages.
///
/// - Unit: log2 of base pages.
/// - Linux: `unsigned int order`.
@frozen
public struct PageOrder: Hashable, Comparable, Sendable {
  /// The exponent: a block has `1 << rawValue` base pages.
  public let rawValue: UInt8

  /// Creates the order of blocks with `1 << rawValue` base pages.
  @inlinable
  public init(_ rawValue: Int) {
    assert((0..<64).contains(rawValue), "an order is a shift of a 64-bit number")
    self.rawValue = UInt8(truncatingIfNeeded: rawValue)
  }

  /// The order of a single base page.
  @inlinable
  public static var page: Self { Self(0) }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The number of base pages in a block of this order.
  @inlinable
  public var pageCount: UInt { 1 &<< UInt(rawValue) }

  /// The order as an index into a table by order.
  @inlinable
  public var index: Int { Int(rawValue) }

  /// The order of a block twice as large.
  @inlinable
  public var next: Self { Self(Int(rawValue) &+ 1) }

  /// The smallest order whose blocks hold `pageCount` pages.
  @inlinable
  public init(holding pageCount: UInt) {
    self.init(pageCount <= 1 ? 0 : UInt.bitWidth - (pageCount - 1).leadingZeroBitCount)
  }
}
