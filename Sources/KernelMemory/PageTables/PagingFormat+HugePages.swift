// SPDX-License-Identifier: Apache-2.0

/// The orders of the huge pages that an architecture can map, smallest first.
public struct HugePageOrders: Sequence, Equatable, Sendable {
  /// Bit `n` stands for order `n`.
  private var mask: UInt64

  /// The orders whose bits are set in `mask`.
  @inline(__always)
  init(mask: UInt64) { self.mask = mask }

  /// The number of sizes.
  public var count: Int { mask.nonzeroBitCount }

  /// Tells whether a huge page of `order` can be mapped.
  public func contains(_ order: PageOrder) -> Bool { mask & (1 &<< UInt64(order.rawValue)) != 0 }

  public func makeIterator() -> Iterator { Iterator(mask: mask) }

  /// Yields the orders, smallest first.
  public struct Iterator: IteratorProtocol {
    fileprivate var mask: UInt64

    public mutating func next() -> PageOrder? {
      guard mask != 0 else { return nil }
      defer { mask &= mask &- 1 }
      return PageOrder(mask.trailingZeroBitCount)
    }
  }
}

extension PagingFormat {
  /// The size of huge page that a kernel without other orders offers: what one PMD entry maps.
  ///
  /// - Linux: `HPAGE_SHIFT - PAGE_SHIFT`, `HUGETLB_PAGE_ORDER`.
  public var defaultHugePageOrder: PageOrder { PageOrder(Int(levels[1].shift &- pageSize.shift)) }

  /// The granule in which the page allocator keeps memory of one mobility together.
  ///
  /// - Linux: `pageblock_order` (spec 01 section 6).
  public var pageblockOrder: PageOrder { min(defaultHugePageOrder, maximumOrder) }

  /// The largest folio: 16 GiB, whatever the page size.
  ///
  /// - Linux: `MAX_FOLIO_ORDER` (spec 03 section 3).
  public var largestFolioOrder: PageOrder { PageOrder(34 &- Int(pageSize.shift)) }

  /// What the address of frame 0's descriptor is a multiple of, so that the descriptors of every
  /// folio start on their own size.
  ///
  /// - Unit: bytes.
  /// - Linux: `MAX_FOLIO_VMEMMAP_ALIGN` (spec 01 section 8).
  public var vmemmapAlignment: UInt { largestFolioOrder.pageCount &* 64 }
}
