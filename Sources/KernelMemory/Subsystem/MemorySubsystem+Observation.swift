// SPDX-License-Identifier: Apache-2.0

import Synchronization

// What can be seen of a subsystem from outside without changing it: the totals, the zones, the
// pools, and the vmemmap's page tables as a walk finds them.

/// The totals of a memory subsystem.
///
/// - Unit: base pages.
public struct MemoryTotals: Equatable, Sendable {
  /// Memory under management.
  public var managedPageCount: UInt
  /// Memory on free lists and CPUs' lists.
  public var freePageCount: UInt
  /// Frames of the vmemmap that came from the page allocator; may go below zero as in the kernel.
  public var runtimeVmemmapPageCount: Int
  /// Frames of the vmemmap that came from the boot allocator.
  public var bootVmemmapPageCount: Int
  /// Tables of the kernel's address space that were made since boot.
  public var tablePageCount: Int
}

/// What one populated zone has.
///
/// - Unit: base pages.
public struct ZoneSummary: Equatable, Sendable {
  public var node: NodeID
  public var kind: ZoneKind
  /// The frames from the first to the last, holes included.
  public var span: FrameRange
  public var presentPageCount: UInt
  public var managedPageCount: UInt
  public var freePageCount: UInt

  /// The frames from the first to the last, holes included.
  public var spannedPageCount: UInt { span.pageCount }
}

/// What one pool of huge pages has.
public struct PoolSummary: Equatable, Sendable {
  /// The bytes of one page.
  public var pageByteCount: UInt
  /// The frames that folding one page's descriptors gives back.
  public var savedPageCountPerPage: UInt
  /// The whole pool.
  public var counts: HugePageCounts
  /// The limit of surplus pages made on demand.
  public var overcommitLimit: UInt
  /// The parts, by node.
  public var nodes: [NodeSummary]

  /// A pool's part on one node.
  public struct NodeSummary: Equatable, Sendable {
    public var node: NodeID
    public var counts: HugePageCounts
  }
}

extension MemorySubsystem {
  /// The totals at this moment.
  public var totals: MemoryTotals {
    MemoryTotals(
      managedPageCount: allocator.managedPageCount.load(ordering: .relaxed),
      freePageCount: allocator.freePageCount,
      runtimeVmemmapPageCount: accounting.runtimePages.load(ordering: .relaxed),
      bootVmemmapPageCount: accounting.bootPages.load(ordering: .relaxed),
      tablePageCount: accounting.tablePages.load(ordering: .relaxed))
  }

  /// The populated zones and those that memory of devices once was in, node by node.
  public var zones: [ZoneSummary] {
    let zones = topology.zones.filter {
      $0.isPopulated || $0.kind == .device && !$0.span.isEmpty
    }
    return zones.map { zone in
      ZoneSummary(
        node: zone.node, kind: zone.kind, span: zone.span,
        presentPageCount: zone.presentPageCount, managedPageCount: zone.managedPageCount,
        freePageCount: allocator.freeLists[zone.index].freePageCount.load(ordering: .relaxed)
          + allocator.cpuLists[zone.index].pageCount)
    }
  }

  /// The online nodes.
  public var nodeIDs: [NodeID] { topology.nodes.map { $0.id } }

  /// The pools, smallest pages first.
  public var pools: [PoolSummary] {
    hugeTLB.lock.withLock {
      hugeTLB.pools.map { pool in
        PoolSummary(
          pageByteCount: pool.byteCount,
          savedPageCountPerPage: optimizer.savedPageCount(for: pool.order),
          counts: pool.counts, overcommitLimit: pool.overcommitLimit,
          nodes: topology.nodes.indices.map {
            .init(node: topology.nodes[$0].id, counts: pool.parts[$0].counts)
          })
      }
    }
  }

  /// The free huge pages of `pageByteCount` bytes, node by node, the one given up next first.
  ///
  /// - Complexity: O(*n*) in their number.
  public func freeHugePages(of pageByteCount: UInt) -> [FrameRange] {
    hugeTLB.lock.withLock {
      guard let pool = hugeTLB.pools.first(where: { $0.byteCount == pageByteCount }) else {
        return []
      }
      var found: [FrameRange] = []
      for part in pool.parts {
        vmemmap.forEach(in: part.freeList) { head in
          found.append(pool.folio(head).frames)
          return true
        }
      }
      return found
    }
  }

  /// Whether descriptors of new huge pages are folded.
  public var isVmemmapOptimizationEnabled: Bool {
    get { optimizer.isEnabled.load(ordering: .relaxed) }
    set { optimizer.isEnabled.store(newValue, ordering: .relaxed) }
  }

  /// Counts the entries that map the vmemmap.
  ///
  /// - Complexity: O(*n* log *n*) in the number of vmemmap pages with entries of their own.
  public func vmemmapCensus() -> MappingCensus {
    tables.census(
      of: format
        .vmemmapBase..<vmemmap.address(of: topology.end.aligned(upTo: topology.sections.order)))
  }
}
