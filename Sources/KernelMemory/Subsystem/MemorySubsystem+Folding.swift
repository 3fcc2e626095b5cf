// SPDX-License-Identifier: Apache-2.0

// How far descriptors are folded, node by node.

/// How many pages of one pool on one node are folded, and why the others are not.
///
/// - Unit: huge pages.
public struct FoldingSummary: Equatable, Sendable {
  public var pageByteCount: UInt
  public var node: NodeID
  /// Pages whose descriptors are folded.
  public var foldedPageCount: UInt = 0
  /// Pages whose descriptors lie on memory that was added together with them.
  public var selfHostedPageCount: UInt = 0
  /// Pages that could be folded but are not: folding was off, or a frame for it was missing.
  public var wholePageCount: UInt = 0
  /// Pages of a size, or an architecture, with which nothing can be folded.
  public var unsupportedPageCount: UInt = 0
}

/// The descriptors of one node's memory.
///
/// - Unit: base pages.
public struct NodeVmemmap: Equatable, Sendable {
  public var node: NodeID
  /// Pages of the vmemmap that are mapped.
  public var mappedPageCount: UInt
  /// Frames that they occupy.
  public var framePageCount: UInt
  /// Tables of the last level that map them.
  public var entryTableCount: UInt
}

extension MemorySubsystem {
  /// How far the pages of all pools are folded, pool by pool and node by node; nodes without pages
  /// of a pool are left out.
  ///
  /// - Complexity: O(*n*) in the number of huge pages.
  public var foldingSummaries: [FoldingSummary] {
    hugeTLB.lock.withLock {
      hugeTLB.pools.flatMap { pool in summaries(of: pool) }
    }
  }

  private func summaries(of pool: HugePagePool) -> [FoldingSummary] {
    var summaries = topology.nodes.map {
      FoldingSummary(pageByteCount: pool.byteCount, node: $0.id)
    }
    let lists = pool.parts.map { $0.freeList } + [pool.activeList]
    for list in lists {
      vmemmap.forEach(in: list) { head in
        count(pool.folio(head), in: &summaries[pool.nodePosition(of: head)])
        return true
      }
    }
    return summaries.enumerated().filter { pool.parts[$0.offset].counts.pageCount > 0 }
      .map { $0.element }
  }

  private func count(_ folio: Folio, in summary: inout FoldingSummary) {
    if optimizer.isOptimized(folio) {
      summary.foldedPageCount += 1
    } else if optimizer.savedPageCount(for: folio.order) == 0 {
      summary.unsupportedPageCount += 1
    } else if optimizer.isSelfHosted(folio) {
      summary.selfHostedPageCount += 1
    } else {
      summary.wholePageCount += 1
    }
  }

  /// What the descriptors of each node's memory take, as a walk of the page tables finds it.
  ///
  /// A section counts for the node that its first memory belongs to.
  ///
  /// - Complexity: O(*n* log *n*) in the number of vmemmap pages with entries of their own.
  public var nodeVmemmaps: [NodeVmemmap] {
    let size = format.pageSize
    var ranges: [[Range<VirtualAddress>]] = topology.nodes.map { _ in [] }
    forEachMappedSection { frames, position in
      let addresses = vmemmap.addresses(describing: frames)
      if let last = ranges[position].last, last.upperBound == addresses.lowerBound {
        ranges[position][ranges[position].count - 1] = last.lowerBound..<addresses.upperBound
      } else {
        ranges[position].append(addresses)
      }
    }
    return topology.nodes.enumerated().map { position, node in
      let census = tables.census(of: ranges[position])
      let mapped =
        census.hugeLeafCount &* (format.pmdByteCount &>> size.shift) &+ census.entryCount
      return NodeVmemmap(
        node: node.id, mappedPageCount: mapped,
        framePageCount: mapped &- census.savedPageCount,
        entryTableCount: census.entryTableCount)
    }
  }

  /// Calls `body` with each section that has descriptors, and its node's position.
  private func forEachMappedSection(_ body: (FrameRange, Int) -> Void) {
    let offline = hotplug.blocks.all.filter { $0.state == .offline }
    let pieces = topology.nodes.enumerated().flatMap { position, node in
      let blocks = offline.filter { $0.nodes.first == node.id }
      return (node.memory + blocks.map { hotplug.frames(ofBlock: $0.number) }).map {
        (position: position, memory: $0)
      }
    }.sorted { $0.memory.lowerBound < $1.memory.lowerBound }
    var next: UInt = 0
    for piece in pieces {
      let first = topology.sections.number(of: piece.memory.lowerBound).rawValue
      let last = topology.sections.number(of: piece.memory.upperBound.advanced(by: -1)).rawValue
      guard max(first, next) <= last else { continue }
      for number in max(first, next)...last {
        let number = SectionNumber(number)
        guard topology.sections[number].marks.contains(.hasMap) else { continue }
        body(topology.sections.frames(of: number), piece.position)
      }
      next = last + 1
    }
  }
}
