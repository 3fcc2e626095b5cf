// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// What can be seen of a pool and of the vmemmap at one moment, as far as the laws speak of it.
struct PoolSight {
  /// The free pages of each node, the one given up next first.
  let freePages: [[PageFrameNumber]]
  let counts: HugePageCounts
  let nodeCounts: [HugePageCounts]
  let census: MappingCensus
  let totals: MemoryTotals
  /// Allocations of a page that came off, and that did not.
  let successes: UInt
  let failures: UInt

  init(_ pool: HugePagePool, of subsystem: MemorySubsystem) {
    freePages = pool.parts.map { part in
      var heads: [PageFrameNumber] = []
      subsystem.vmemmap.forEach(in: part.freeList) { head in
        heads.append(head)
        return true
      }
      return heads
    }
    counts = pool.counts
    nodeCounts = pool.parts.map(\.counts)
    census = subsystem.vmemmapCensus()
    totals = subsystem.totals
    successes = pool.hugeTLB.buddySuccesses.load(ordering: .relaxed)
    failures = pool.hugeTLB.buddyFailures.load(ordering: .relaxed)
  }

  /// The vmemmap pages that are mapped, behind huge leaves or entries of their own.
  func mappedPageCount(entriesPerTable: UInt) -> UInt {
    census.hugeLeafCount * entriesPerTable + census.entryCount
  }
}

/// The laws that records of real kernels obey in every step, for any machine and any design.
struct PoolLaws {
  let subsystem: MemorySubsystem
  private let atBoot: PoolSight

  init(of subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    atBoot = PoolSight(subsystem.hugeTLB.pools[0], of: subsystem)
  }

  private var design: VmemmapDesign { subsystem.kernel.vmemmap }
  private var entriesPerTable: UInt { 1 << subsystem.format.levels[0].bits }

  // MARK: Laws of the vmemmap

  /// The laws that do not hold at this moment.
  func broken(in sight: PoolSight) -> [String] {
    var broken: [String] = []
    let folded = foldedFolios()
    let foldedAway = folded.reduce(0) { sum, folio in
      sum + subsystem.vmemmap.pageCount(describing: folio.order) - design.privatePageCount
    }
    if sight.census.readOnlyEntryCount != foldedAway {
      broken.append(
        "\(folded.count) folded pages have \(foldedAway) vmemmap pages that are not private, but "
          + "\(sight.census.readOnlyEntryCount) entries are read-only")
    }
    let saved = foldedAway - sharedFrameCount(of: folded)
    if sight.census.savedPageCount != saved {
      broken.append("\(saved) pages should be saved, not \(sight.census.savedPageCount)")
    }
    let counted = sight.totals.bootVmemmapPageCount + sight.totals.runtimeVmemmapPageCount
    let recount = mapped(in: sight) - Int(sight.census.readOnlyEntryCount)
    if counted != recount { broken.append("\(counted) vmemmap pages are counted, not \(recount)") }
    if mapped(in: sight) != mapped(in: atBoot) {
      broken.append("\(mapped(in: sight)) vmemmap pages are mapped, not \(mapped(in: atBoot))")
    }
    return broken
  }

  private func mapped(in sight: PoolSight) -> Int {
    Int(sight.mappedPageCount(entriesPerTable: entriesPerTable))
  }

  /// The frames that all folios of a zone and order share, where the design has such.
  private func sharedFrameCount(of folded: [Folio]) -> UInt {
    guard design.tailTarget == .sharedPage else { return 0 }
    struct Place: Hashable { let zone: Int, order: Int }
    return UInt(
      Set(
        folded.compactMap { folio in
          subsystem.topology.zone(of: folio.head).map {
            Place(zone: $0.index, order: folio.order.index)
          }
        }
      ).count)
  }

  /// Every folded huge page, found by looking at all memory.
  private func foldedFolios() -> [Folio] {
    let hugeTLB = subsystem.hugeTLB
    var found: [Folio] = []
    for pool in hugeTLB.pools {
      for memory in subsystem.topology.nodes.flatMap(\.memory) {
        var head = memory.lowerBound.aligned(upTo: pool.order)
        while head < memory.upperBound {
          let folio = Folio(head: head, order: pool.order)
          if subsystem.vmemmap.isHugeTLB(head),
            subsystem.vmemmap.folioOrder(at: head) == pool.order,
            hugeTLB.optimizer.isOptimized(folio)
          {
            found.append(folio)
          }
          head = head.advanced(by: Int(pool.order.pageCount))
        }
      }
    }
    return found
  }
}

// MARK: - Laws of changes

extension PoolLaws {
  /// The laws that a request for `wanted` pages on all nodes, made in peace, broke.
  func broken(byResizeTo wanted: UInt, _ before: PoolSight, _ after: PoolSight) -> [String] {
    var broken = brokenOrder(before, after)
    let isShort = after.failures > before.failures
    if after.counts.pageCount > before.counts.pageCount, !isShort {
      broken += unevenness(of: gains(before, after), "gained")
    }
    if after.counts.pageCount < before.counts.pageCount {
      let losses = gains(after, before)
      // Who has no free page left could not take its turn.
      let full = losses.indices.filter { after.nodeCounts[$0].freePageCount > 0 }
      let most = losses.max() ?? 0
      if full.contains(where: { hasMemory($0) && losses[$0] + 1 < most }) {
        broken.append("nodes lost \(losses) pages, which is not in turn")
      }
    }
    let needed = max(wanted, before.counts.persistentPageCount) - before.counts.persistentPageCount
    let turned = min(needed, before.counts.surplusPageCount)
    if after.successes - before.successes > needed - turned {
      broken.append("pages were allocated while there was surplus to turn back")
    }
    if turned > 0, after.counts.surplusPageCount != before.counts.surplusPageCount - turned {
      broken.append(
        "surplus was \(before.counts.surplusPageCount), \(turned) less were expected, "
          + "found \(after.counts.surplusPageCount)")
    }
    return broken
  }

  /// New free pages go in front, and what is given up is taken from there.
  private func brokenOrder(_ before: PoolSight, _ after: PoolSight) -> [String] {
    zip(before.freePages, after.freePages).enumerated().compactMap { node, lists in
      let (old, new) = lists
      let common = min(old.count, new.count)
      guard !old.suffix(common).elementsEqual(new.suffix(common)) else { return nil }
      return "the free pages of node \(node) were \(old), now \(new): not last in, first out"
    }
  }

  private func gains(_ before: PoolSight, _ after: PoolSight) -> [UInt] {
    zip(before.nodeCounts, after.nodeCounts).map { old, new in
      max(new.pageCount, old.pageCount) - old.pageCount
    }
  }

  private func unevenness(of gains: [UInt], _ verb: String) -> [String] {
    let taking = gains.indices.filter(hasMemory).map { gains[$0] }
    guard let least = taking.min(), let most = taking.max(), most > least + 1 else { return [] }
    return ["nodes \(verb) \(gains) pages, which is not in turn"]
  }

  private func hasMemory(_ position: Int) -> Bool {
    !subsystem.topology.nodes[position].memory.isEmpty
  }
}
