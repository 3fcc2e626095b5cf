// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension VmallocArena {
  /// Allocates an area with pages of its own.
  ///
  /// If it cannot be had in huge pages, it is tried once more with base pages and the alignment that
  /// was asked for.
  ///
  /// - Throws: ``VmallocError``.
  /// - Linux: `__vmalloc_node_range()`.
  func allocate(_ request: VmallocRequest) throws(VmallocError) -> VmallocArea {
    guard request.byteCount > 0 else { throw .empty }
    guard request.alignment.nonzeroBitCount == 1 else { throw .badAlignment }
    if let node = request.node, topology.position(of: node) == nil { throw .noSuchNode }
    let memory = allocator.managedPageCount.load(ordering: .relaxed)
    guard pageSize.pageCount(roundingUp: request.byteCount) <= memory else { throw .exceedsMemory }
    let order = mappingOrder(for: request)
    guard order > .page else { return try allocate(request, .page) }
    do throws(VmallocError) {
      return try allocate(request, order)
    } catch {
      return try allocate(request, .page)
    }
  }

  /// The order of the blocks that an area is to be mapped in.
  ///
  /// - Source: spec 09 section 2.
  func mappingOrder(for request: VmallocRequest) -> PageOrder {
    let isWilling = request.mapping == .largestThatFits || policy.hugeUsers == .everybody
    guard allowsHugePages, isWilling else { return .page }
    var size = request.byteCount
    if policy.hugeDecision == .sharePerNode, request.node == nil {
      size /= UInt(max(topology.nodes.count, 1))
    }
    if size >= format.pmdByteCount, format.pmd.allowsLeaf { return format.pmdOrder }
    if policy.usesEntryGroups, let group = format.entryGroupOrder,
      size >= group.pageCount &<< pageSize.shift
    {
      return group
    }
    return .page
  }

  /// Allocates an area in blocks of `order`.
  private func allocate(
    _ request: VmallocRequest, _ order: PageOrder
  ) throws(VmallocError) -> VmallocArea {
    let area = try prepare(request, order)
    commit(area)
    return area
  }

  /// Gets all that an area needs, and maps nothing yet.
  private func prepare(
    _ request: VmallocRequest, _ order: PageOrder
  ) throws(VmallocError) -> VmallocArea {
    let block = order.pageCount &<< pageSize.shift
    // Not more than the machine's memory and a block: no overflow.
    let byteCount = (request.byteCount &+ block &- 1) & ~(block &- 1)
    var flags: VmallocArea.Flags = [.ownsPages]
    if request.mapping == .largestThatFits { flags.insert(.allowsHugePages) }
    let area = try reserve(
      AreaWish(
        byteCount: byteCount, alignment: max(request.alignment, block), flags: flags,
        order: order, requestedByteCount: request.byteCount, caller: request.caller))
    do throws(VmallocError) {
      try furnish(area, request)
    } catch {
      discard(area)
      throw error
    }
    return area
  }

  /// Gets the pages of an area, the place for their list, and the tables.
  private func furnish(
    _ area: VmallocArea, _ request: VmallocRequest
  ) throws(VmallocError) {
    let count = area.usable.byteCount &>> pageSize.shift
    let listByteCount = count &* UInt(MemoryLayout<UInt64>.size)
    if listByteCount > pageSize.byteCount {
      area.pageArray = try prepare(
        VmallocRequest(byteCount: listByteCount, node: request.node, caller: request.caller), .page)
    }
    guard let pages = allocatePages(count, area.order, on: request.node ?? localNode) else {
      throw .outOfFrames
    }
    area.pages = pages
    try prepareTables(for: mapping(of: area), near: request.node ?? localNode)
  }

  /// Lets go of an area of which nothing is mapped.
  private func discard(_ area: VmallocArea) {
    releasePages(of: area)
    if let list = area.pageArray { discard(list) }
    withdraw(area)
  }

  /// Maps an area that has all it needs; this cannot fail.
  private func commit(_ area: VmallocArea) {
    if let list = area.pageArray { commit(list) }
    tables.commit(mapping(of: area))
    complete(area)
  }

  private func mapping(of area: VmallocArea) -> RangeMapping {
    RangeMapping(
      range: area.usable, frames: .list(area.pages),
      largestLevel: format.leafLevel(of: area.order), pageSize: pageSize)
  }

  /// Makes the tables that `mapping` needs.
  ///
  /// - Throws: ``VmallocError/outOfFrames`` or ``VmallocError/occupied(_:)``.
  func prepareTables(for mapping: RangeMapping, near node: NodeID) throws(VmallocError) {
    let source = RuntimeTables(allocator: allocator, accounting: accounting, node: node)
    do throws(MapRangeError) {
      try tableLock.withLock { () throws(MapRangeError) in
        try tables.prepare(mapping, removal: policy.tableRemoval, from: source)
      }
    } catch {
      switch error {
      case .outOfTables: throw .outOfFrames
      case .occupied(let address): throw .occupied(address)
      }
    }
  }
}
