// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs one case: grows the pools in a fresh twin, looks, and gives everything back.
struct PlanCaseRun {
  let planCase: PlanCase
  let twin: Twin

  /// What can be seen of all nodes at one moment.
  private struct Look {
    let vmemmap: [NodeVmemmap]
    let zones: [ZoneSummary]
    let pools: [PoolSummary]
    let cost: CostReading
    let pageByteCount: UInt

    init(_ twin: Twin) {
      vmemmap = twin.subsystem.nodeVmemmaps
      zones = twin.subsystem.zones
      pools = twin.subsystem.pools
      cost = twin.machine.cost.reading
      pageByteCount = twin.subsystem.format.pageSize.byteCount
    }

    /// The bytes that a node's users can have: free ones, and those in pools.
    func usableBytes(on node: NodeID) -> UInt {
      freeBytes(on: node)
        &+ pools.reduce(0) { sum, pool in
          sum &+ pool.pageByteCount &* (pool.counts(on: node)?.pageCount ?? 0)
        }
    }

    func freeBytes(on node: NodeID) -> UInt {
      zones.reduce(0) { $1.node == node ? $0 &+ $1.freePageCount &* pageByteCount : $0 }
    }

    func vmemmap(on node: NodeID) -> NodeVmemmap? { vmemmap.first { $0.node == node } }
  }

  /// Does it.
  func run() -> PlanReport.Case {
    let before = Look(twin)
    for part in planCase.parts { resize(part, to: part.pageCount) }
    let grown = Look(twin)
    let folding = twin.subsystem.foldingSummaries
    for part in planCase.parts.reversed() { resize(part, to: 0) }
    let shrunk = Look(twin)
    let nodes = twin.subsystem.nodeIDs.filter { before.vmemmap(on: $0)?.mappedPageCount ?? 0 > 0 }
    let results = nodes.map { result(on: $0, before, grown, shrunk, folding) }
    return PlanReport.Case(
      title: planCase.title, notRun: nil, nodes: results, total: Self.total(of: results),
      cost: PlanReport.Cost(
        grow: .init(grown.cost - before.cost), shrink: .init(shrunk.cost - grown.cost)),
      remarks: planCase.remarks + PlanRemarks(results, kernel: twin.subsystem.kernel).lines)
  }

  /// Writes the pool's size where an administrator would.
  private func resize(_ part: PlanCase.Part, to count: UInt) {
    let path = Self.path(of: part)
    // A node without such a pool shows in the result as pages that are missing.
    try? twin.write("\(count)", to: path)
  }

  /// The file with the number of pages that a node has of a pool.
  static func path(of part: PlanCase.Part) -> String {
    "/sys/devices/system/node/node\(part.node)/hugepages/"
      + "hugepages-\(part.pageByteCount >> 10)kB/nr_hugepages"
  }

  private func result(
    on node: NodeID, _ before: Look, _ grown: Look, _ shrunk: Look, _ folding: [FoldingSummary]
  ) -> PlanReport.NodeResult {
    let page = before.pageByteCount
    let (first, last) = (before.vmemmap(on: node), grown.vmemmap(on: node))
    let mine = folding.filter { $0.node == node }
    let tables = Int(last?.entryTableCount ?? 0) - Int(first?.entryTableCount ?? 0)
    let needed = mine.reduce(UInt(0)) { sum, summary in
      let pool = grown.pools.first { $0.pageByteCount == summary.pageByteCount }
      return sum &+ summary.foldedPageCount &* (pool?.savedPageCountPerPage ?? 0) &* page
    }
    return PlanReport.NodeResult(
      node: node.index, pools: pools(on: node, grown, mine),
      vmemmapBytesBefore: (first?.framePageCount ?? 0) &* page,
      vmemmapBytesAfter: (last?.framePageCount ?? 0) &* page,
      tableBytesSpent: tables * Int(page),
      netBytesGivenBack: Int(grown.usableBytes(on: node)) - Int(before.usableBytes(on: node)),
      restoreBytesNeeded: needed, restoreBytesFree: grown.freeBytes(on: node),
      pagesNotGivenBack: shrunk.pools.reduce(0) { $0 &+ ($1.counts(on: node)?.pageCount ?? 0) })
  }

  private func pools(
    on node: NodeID, _ grown: Look, _ folding: [FoldingSummary]
  ) -> [PlanReport.Pool] {
    planCase.parts.filter { $0.node == node.index }.map { part in
      let pool = grown.pools.first { $0.pageByteCount == part.pageByteCount }
      let summary = folding.first { $0.pageByteCount == part.pageByteCount }
      return PlanReport.Pool(
        pageBytes: part.pageByteCount, wantedPages: part.pageCount,
        pages: pool?.counts(on: node)?.pageCount ?? 0,
        optimizedPages: summary?.foldedPageCount ?? 0,
        unoptimizedPages: .init(
          unsupported: summary?.unsupportedPageCount ?? 0,
          selfHosted: summary?.selfHostedPageCount ?? 0,
          outOfMemory: summary?.wholePageCount ?? 0))
    }
  }
}

extension PoolSummary {
  /// The pool's part on `node`.
  func counts(on node: NodeID) -> HugePageCounts? { nodes.first { $0.node == node }?.counts }
}

extension PlanReport.Work {
  init(_ cost: CostReading) {
    self.init(
      entriesWritten: cost.entriesWritten, bytesCopied: cost.bytesCopied,
      pageFlushes: cost.pageFlushes, fullFlushes: cost.fullFlushes,
      interprocessorInterrupts: cost.interprocessorInterrupts, gracePeriods: cost.gracePeriods)
  }
}

// MARK: - All nodes together

extension PlanCaseRun {
  private static func total(of results: [PlanReport.NodeResult]) -> PlanReport.NodeResult {
    var total = PlanReport.NodeResult(
      node: nil, pools: [], vmemmapBytesBefore: 0, vmemmapBytesAfter: 0, tableBytesSpent: 0,
      netBytesGivenBack: 0, restoreBytesNeeded: 0, restoreBytesFree: 0, pagesNotGivenBack: 0)
    for result in results {
      for pool in result.pools { total.add(pool) }
      total.vmemmapBytesBefore += result.vmemmapBytesBefore
      total.vmemmapBytesAfter += result.vmemmapBytesAfter
      total.tableBytesSpent += result.tableBytesSpent
      total.netBytesGivenBack += result.netBytesGivenBack
      total.restoreBytesNeeded += result.restoreBytesNeeded
      total.restoreBytesFree += result.restoreBytesFree
      total.pagesNotGivenBack += result.pagesNotGivenBack
    }
    return total
  }
}

extension PlanReport.NodeResult {
  /// Adds a node's part to the pool of its size.
  fileprivate mutating func add(_ part: PlanReport.Pool) {
    guard let index = pools.firstIndex(where: { $0.pageBytes == part.pageBytes }) else {
      pools.append(part)
      return
    }
    pools[index].wantedPages += part.wantedPages
    pools[index].pages += part.pages
    pools[index].optimizedPages += part.optimizedPages
    pools[index].unoptimizedPages.unsupported += part.unoptimizedPages.unsupported
    pools[index].unoptimizedPages.selfHosted += part.unoptimizedPages.selfHosted
    pools[index].unoptimizedPages.outOfMemory += part.unoptimizedPages.outOfMemory
  }
}
