// SPDX-License-Identifier: Apache-2.0

/// Why the boot allocator could not give memory.
public enum MemblockError: Error, Equatable, Sendable {
  /// No free range fits, whatever was tried. Nothing has changed.
  case outOfMemory
  /// The size is zero, or the alignment is no power of two. Nothing has changed.
  case invalidRequest
}

/// A wish for memory, for the boot allocator.
public struct MemblockRequest: Equatable, Sendable {
  /// How strongly a request wants its node.
  public enum Placement: Equatable, Sendable {
    /// Any node will do.
    case anywhere
    /// The node if it has memory, else any.
    case preferred(NodeID)
    /// The node or nothing.
    case exactly(NodeID)
  }

  /// The bytes wanted.
  public var byteCount: UInt
  /// The power of two that the address must be a multiple of.
  public var alignment: UInt
  /// Where the memory should lie; a lower limit is dropped rather than failing, an upper never.
  public var bounds: Range<PhysicalAddress>
  /// On which node.
  public var placement: Placement

  /// Creates a request.
  public init(
    byteCount: UInt, alignment: UInt,
    bounds: Range<PhysicalAddress> = PhysicalAddress(0)..<PhysicalAddress(.max),
    placement: Placement = .anywhere
  ) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.bounds = bounds
    self.placement = placement
  }

  /// The only node, or the first to try.
  var node: NodeID? {
    switch placement {
    case .anywhere: nil
    case .preferred(let node), .exactly(let node): node
    }
  }

  /// Whether other nodes may be tried after ``node``.
  var allowsOtherNodes: Bool {
    if case .preferred = placement { true } else { false }
  }
}

extension Memblock {
  /// Finds free memory and reserves it.
  ///
  /// What is tried, in this order: the wanted node, other nodes unless the request forbids it, the
  /// same without its lower limit, all that without the preference for mirrored memory.
  ///
  /// - Returns: the bytes, inside one memory region. Their contents are as they were.
  /// - Throws: ``MemblockError``; nothing has changed then.
  /// - Complexity: O(log *n*) and the regions between the search's start and its find.
  /// - Linux: `memblock_alloc_try_nid_raw()`, `memblock_alloc_exact_nid_raw()`.
  public mutating func allocate(
    _ request: MemblockRequest
  ) throws(MemblockError) -> Range<PhysicalAddress> {
    guard request.byteCount > 0, request.alignment.nonzeroBitCount == 1 else {
      throw .invalidRequest
    }
    var found = search(request, wantsMirror: hasMirror)
    if found == nil, hasMirror {
      found = search(request, wantsMirror: false)
      if found != nil { mirrorMissCount += 1 }
    }
    guard let found else { throw .outOfMemory }
    assert(isFree(found), "only free memory is allocated")
    reserve(found, flags: allocationFlags)
    return found
  }

  /// Tries the nodes and limits that `request` allows.
  private func search(
    _ request: MemblockRequest, wantsMirror: Bool
  ) -> Range<PhysicalAddress>? {
    let top = min(request.bounds.upperBound, limit)
    let bottom = request.bounds.lowerBound
    let lowestTried = bottom > lowestAddress ? [bottom, lowestAddress] : [lowestAddress]
    for lowest in lowestTried where lowest < top {
      var filter = MemblockFilter(
        node: request.node, wantsMirror: wantsMirror, skipsHotPluggable: avoidsHotPluggableMemory)
      if let found = find(request, in: lowest..<top, filter) { return found }
      guard request.allowsOtherNodes else { continue }
      filter.node = nil
      if let found = find(request, in: lowest..<top, filter) { return found }
    }
    return nil
  }

  private func find(
    _ request: MemblockRequest, in bounds: Range<PhysicalAddress>, _ filter: MemblockFilter
  ) -> Range<PhysicalAddress>? {
    guard case .bottomUp(let start) = direction else {
      return findHighest(request, in: bounds, filter)
    }
    if start > bounds.lowerBound, start < bounds.upperBound,
      let found = findLowest(request, in: start..<bounds.upperBound, filter)
    {
      return found
    }
    return findLowest(request, in: bounds, filter)
  }

  private func findLowest(
    _ request: MemblockRequest, in bounds: Range<PhysicalAddress>, _ filter: MemblockFilter
  ) -> Range<PhysicalAddress>? {
    for free in MemblockFreeRanges(self, filter, from: bounds.lowerBound) {
      guard free.range.lowerBound < bounds.upperBound else { return nil }
      let range = free.range.clamped(to: bounds)
      let mask = request.alignment - 1
      let (sum, overflow) = range.lowerBound.rawValue.addingReportingOverflow(mask)
      let start = PhysicalAddress(sum & ~mask)
      guard !overflow, start < range.upperBound,
        range.upperBound.rawValue - start.rawValue >= request.byteCount
      else { continue }
      return start..<start.advanced(byBytes: request.byteCount)
    }
    return nil
  }

  /// Walks memory downwards, and in each region the gaps between reservations downwards.
  private func findHighest(
    _ request: MemblockRequest, in bounds: Range<PhysicalAddress>, _ filter: MemblockFilter
  ) -> Range<PhysicalAddress>? {
    let regions = memory.regions
    var index = regions.partitionPoint { $0.range.lowerBound >= bounds.upperBound }
    while index > 0, regions[index - 1].range.upperBound > bounds.lowerBound {
      index -= 1
      guard filter.accepts(regions[index]) else { continue }
      let range = regions[index].range.clamped(to: bounds)
      if let found = findHighest(request, inRegion: range) { return found }
    }
    return nil
  }

  private func findHighest(
    _ request: MemblockRequest, inRegion range: Range<PhysicalAddress>
  ) -> Range<PhysicalAddress>? {
    let taken = reserved.regions
    var index = taken.partitionPoint { $0.range.lowerBound >= range.upperBound }
    var end = range.upperBound
    while end > range.lowerBound {
      let obstacle = index > 0 ? taken[index - 1].range : nil
      let start = max(range.lowerBound, min(end, obstacle?.upperBound ?? range.lowerBound))
      if let found = highest(request, in: start..<end) { return found }
      guard let obstacle else { return nil }
      end = min(end, obstacle.lowerBound)
      index -= 1
    }
    return nil
  }

  /// The highest place in the free `range` that fits.
  private func highest(
    _ request: MemblockRequest, in range: Range<PhysicalAddress>
  ) -> Range<PhysicalAddress>? {
    guard range.byteCount >= request.byteCount else { return nil }
    let last = range.upperBound.rawValue - request.byteCount
    let start = PhysicalAddress(last & ~(request.alignment - 1))
    guard start >= range.lowerBound else { return nil }
    return start..<start.advanced(byBytes: request.byteCount)
  }
}
