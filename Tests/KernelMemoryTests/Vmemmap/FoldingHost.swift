// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// A kernel, by the name under which reports of a test show it.
struct NamedKernel: CustomTestStringConvertible, Sendable {
  let design: KernelDesign

  /// All kernels, oldest first.
  static let all = KernelDesign.all.map { NamedKernel(design: $0) }
  /// Those that fold lists with two flushes.
  static let batching = all.filter { $0.design.vmemmap.batching == .lists }
  /// Those whose tails share one frame for each zone and order.
  static let sharing = all.filter { $0.design.vmemmap.tailTarget == .sharedPage }

  var testDescription: String { design.name.description }
}

/// A booted machine with a pool of huge pages that are not folded, and folding switched on.
///
/// Whoever folds or unfolds a page owns it: it is taken out of its pool for as long, and comes back
/// as a free one. So the subsystem is at rest, and can be held against its rules, after each step.
struct FoldingHost: Sendable {
  let host: TestHost
  let pool: HugePagePool
  /// The pages, ascending.
  let heads: [PageFrameNumber]

  init(
    _ kernel: NamedKernel, pages: UInt = 1, order: PageOrder = PageOrder(9),
    memory: UInt? = nil, nodes: Int = 1, format: PagingFormat = .x86FourLevel, cpus: Int = 1,
    threading: HostedMachine.Threading = .one
  ) throws {
    let host = try TestHost(
      memory: memory ?? max(48, pages * 4 + 16) << 20, nodes: nodes, kernel: kernel.design,
      format: format, cpus: cpus,
      threading: threading)
    try self.init(host, pages: pages, order: order)
  }

  /// Takes `pages` huge pages on a host that is not to fold yet.
  init(_ host: TestHost, pages: UInt = 1, order: PageOrder = PageOrder(9)) throws {
    self.host = host
    pool = try #require(host.subsystem.hugeTLB.pool(for: order))
    host.subsystem.isVmemmapOptimizationEnabled = false
    // The first pages may be what is left of another section.
    pool.resize(to: pool.isGigantic ? pages : pages + 3)
    let chosen = Self.neighbours(pages, among: Self.freePages(of: pool), on: host)
    for head in Self.freePages(of: pool) where !chosen.contains(head) {
      try pool.dissolveFreePage(head)
    }
    host.subsystem.isVmemmapOptimizationEnabled = true
    heads = chosen
    try #require(heads.count == Int(pages), "the machine is large enough")
  }

  /// Pages whose descriptors one leaf maps, if there are so many.
  private static func neighbours(
    _ count: UInt, among heads: [PageFrameNumber], on host: TestHost
  ) -> [PageFrameNumber] {
    let vmemmap = host.subsystem.vmemmap
    let byLeaf = Dictionary(grouping: heads) {
      vmemmap.address(of: $0).rounded(downToBytes: host.subsystem.format.pmdByteCount)
    }
    let neighbours = byLeaf.values.max { ($0.count, $0[0]) < ($1.count, $1[0]) } ?? []
    return Array((neighbours.count >= Int(count) ? neighbours : heads).prefix(Int(count)))
  }

  var subsystem: MemorySubsystem { host.subsystem }
  var machine: HostedMachine { host.machine }
  var vmemmap: Vmemmap { subsystem.vmemmap }
  var optimizer: VmemmapOptimizer { subsystem.optimizer }
  var design: VmemmapDesign { subsystem.kernel.vmemmap }
  /// The vmemmap pages of one huge page.
  var pageCount: UInt { vmemmap.pageCount(describing: pool.order) }
  /// The frames that folding one huge page gives back.
  var savedPageCount: UInt { optimizer.savedPageCount(for: pool.order) }
  var head: PageFrameNumber { heads[0] }

  func folio(_ head: PageFrameNumber) -> Folio { pool.folio(head) }
  func isFolded(_ head: PageFrameNumber) -> Bool { optimizer.isOptimized(folio(head)) }
  func digest(_ leftovers: SubsystemDigest.Leftovers = .counted) -> SubsystemDigest {
    SubsystemDigest(of: subsystem, leftovers: leftovers)
  }

  private static func freePages(of pool: HugePagePool) -> [PageFrameNumber] {
    var heads: [PageFrameNumber] = []
    for part in pool.parts {
      pool.vmemmap.forEach(in: part.freeList) { head in
        heads.append(head)
        return true
      }
    }
    return heads.sorted()
  }
}

// Folding and unfolding pages that are taken out of the pool for that.

extension FoldingHost {
  /// Runs `body` while the pages at `heads` are in no pool: frozen, marked and on no list.
  func withRemoved<Result, Failure: Error>(
    _ heads: [PageFrameNumber], _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pool.hugeTLB.lock.withLock {
      for head in heads {
        pool.remove(head, .none)
        vmemmap.markHugeTLB(head)
      }
    }
    defer {
      pool.hugeTLB.lock.withLock {
        for head in heads {
          pool.account(head)
          pool.enqueue(head)
        }
      }
    }
    return try body()
  }

  @discardableResult
  func optimize(_ head: PageFrameNumber) throws(VmemmapOptimizeError) -> Bool {
    try withRemoved([head]) { () throws(VmemmapOptimizeError) in
      try optimizer.optimize(folio(head))
    }
  }

  func restore(_ head: PageFrameNumber) throws(VmemmapRestoreError) {
    try withRemoved([head]) { () throws(VmemmapRestoreError) in
      try optimizer.restore(folio(head))
    }
  }

  /// Folds a list of pages.
  func optimize(_ heads: [PageFrameNumber]) {
    withRemoved(heads) {
      var list = makeList(heads)
      optimizer.optimize(list, order: pool.order)
      #expect(take(&list) == heads, "the list stays as it was")
    }
  }

  /// Unfolds a list of pages.
  func restore(_ heads: [PageFrameNumber]) -> ListRestore {
    withRemoved(heads) {
      var input = makeList(heads)
      var output = FrameList()
      let outcome = optimizer.restore(&input, order: pool.order, output: &output)
      return ListRestore(outcome: outcome, left: take(&input), whole: take(&output))
    }
  }

  /// What unfolding a list came to.
  struct ListRestore: Equatable {
    var outcome: VmemmapRestoreOutcome
    /// The pages that stayed on the list, front to back.
    var left: [PageFrameNumber]
    /// The pages that were handed on, front to back.
    var whole: [PageFrameNumber]
  }

  private func makeList(_ heads: [PageFrameNumber]) -> FrameList {
    var list = FrameList()
    for head in heads { vmemmap.pushBack(head, on: &list) }
    return list
  }

  private func take(_ list: inout FrameList) -> [PageFrameNumber] {
    var heads: [PageFrameNumber] = []
    while let head = vmemmap.popFront(of: &list) { heads.append(head) }
    return heads
  }

  /// What `body` makes the hardware do.
  func cost(of body: () throws -> Void) rethrows -> CostReading {
    let before = machine.cost.reading
    try body()
    return machine.cost.reading - before
  }
}
