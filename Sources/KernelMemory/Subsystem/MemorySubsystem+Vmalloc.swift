// SPDX-License-Identifier: Apache-2.0

// Vmalloc areas, as tools and tests above the core ask for them.

extension MemorySubsystem {
  /// Allocates a vmalloc area.
  ///
  /// - Returns: the addresses that can be used.
  /// - Throws: ``VmallocError``.
  /// - Linux: `__vmalloc_node_range()`.
  public func allocateVmallocArea(
    _ request: VmallocRequest
  ) throws(VmallocError) -> Range<VirtualAddress> {
    try vmalloc.allocate(request).usable
  }

  /// Frees the vmalloc area that starts at `address`.
  ///
  /// - Throws: ``VfreeError``.
  /// - Linux: `vfree()`.
  public func freeVmallocArea(at address: VirtualAddress) throws(VfreeError) {
    try vmalloc.free(at: address)
  }

  /// The frame behind an address of a vmalloc area; nil if there is none with a descriptor.
  ///
  /// - Linux: `vmalloc_to_page()`.
  public func vmallocFrame(at address: VirtualAddress) -> PageFrameNumber? {
    vmalloc.frame(at: address)
  }

  /// Counts the entries that map vmalloc areas.
  ///
  /// - Complexity: O(*n* log *n*) in the number of base pages with entries of their own.
  public func vmallocCensus() -> MappingCensus { tables.census(of: format.vmallocRange) }

  /// What vmalloc areas take up.
  public var vmallocTotals: VmallocTotals {
    VmallocTotals(
      areaCount: vmalloc.lock.withLock { vmalloc.tree.count - vmalloc.unpurged.count },
      ownedPageCount: vmalloc.ownedPageCount,
      unpurgedPageCount: vmalloc.lock.withLock { vmalloc.unpurgedPageCount })
  }
}

/// What vmalloc areas take up.
public struct VmallocTotals: Equatable, Sendable {
  /// Areas in use.
  public var areaCount: Int
  /// Their pages.
  ///
  /// - Unit: base pages.
  public var ownedPageCount: UInt
  /// Addresses of freed areas that are not free again yet.
  ///
  /// - Unit: base pages.
  public var unpurgedPageCount: UInt
}
