// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Pools that grow and shrink with folding on while memory is short; spec 06 sections 4 and 6.
@Suite struct `Resizing pools when memory is short` {
  /// A pool, and what is known about the pages it was given.
  struct Pool {
    var pool: HugePagePool
    var target: UInt = 0
  }

  typealias Operation = SweptOperation<Pool>

  private static func pool(_ host: TestHost) throws -> Pool {
    host.subsystem.isVmemmapOptimizationEnabled = true
    return Pool(pool: try #require(host.subsystem.hugeTLB.pool(for: PageOrder(9))))
  }

  private func sweep(
    _ operation: Operation, _ kernel: NamedKernel, _ manner: FailureSweep.Manner
  ) throws -> FailureSweep {
    let sweep = try FailureSweep(operation, manner) {
      try TestHost(memory: 48 << 20, kernel: kernel.design)
    }
    #expect(sweep.findings == [])
    return sweep
  }

  private static func foldedCount(_ host: TestHost) -> UInt {
    host.subsystem.foldingSummaries.reduce(0) { $0 + $1.foldedPageCount }
  }

  /// A page that cannot be folded joins the pool whole; one that cannot be had ends the growth.
  /// P-POOL 6.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `a pool that grows has as many pages as could be had, folded or whole`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "grow", prepare: Self.pool,
      perform: { _, state in state.pool.resize(to: 4) },
      verdict: { host, state, attempt in
        let counts = state.pool.counts
        var faults: [String] = []
        if counts.freePageCount != counts.pageCount || counts.surplusPageCount != 0 {
          faults.append("the pool has \(counts)")
        }
        if manner == .fromThenOn, counts.pageCount != 4 { faults.append("huge pages were there") }
        if counts.pageCount < 1, attempt.served > 0 { faults.append("nothing was gained") }
        let saved = Int(state.pool.savedByteCount / 4096 * Self.foldedCount(host))
        if attempt.before["vmemmap"] - attempt.after["vmemmap"] != saved {
          faults.append("\(Self.foldedCount(host)) pages are folded, as the counters do not say")
        }
        return faults
      },
      complete: { _, state in
        state.pool.resize(to: 0)
        state.pool.resize(to: 4)
      })
    #expect(try sweep(operation, kernel, manner).failurePointCount >= 5)
  }

  /// What cannot be unfolded stays in the pool, folded, free and as surplus; a later request takes it
  /// down.
  /// P-POOL 9.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `a pool that shrinks keeps as surplus what cannot be restored`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "shrink",
      prepare: { host in
        let state = try Self.pool(host)
        state.pool.resize(to: 5)
        return state
      },
      perform: { _, state in state.pool.resize(to: 1) },
      verdict: { host, state, attempt in
        let counts = state.pool.counts
        let kept = counts.surplusPageCount
        var faults: [String] = []
        let wanted = HugePageCounts(
          pageCount: 1 + kept, freePageCount: 1 + kept, surplusPageCount: kept)
        if counts != wanted { faults.append("the pool has \(counts)") }
        if Self.foldedCount(host) != counts.pageCount { faults.append("a page is not folded") }
        let most = manner == .once ? 1 : 4
        if kept > UInt(most) { faults.append("\(kept) pages stayed") }
        if manner == .fromThenOn, attempt.served == 0, kept != 4 {
          faults.append("pages were unfolded out of nothing")
        }
        return faults
      },
      // Surplus is dispensable only where nobody asks for it: grow over it, then shrink again.
      complete: { _, state in
        state.pool.resize(to: state.pool.counts.pageCount)
        state.pool.resize(to: 1)
      })
    let sweep = try sweep(operation, kernel, manner)
    #expect(sweep.failurePointCount >= 4 * (kernel.testDescription == "5.14" ? 6 : 7))
  }

  /// Spec 06 section 10: dissolving is told that memory is short, and every count is as before.
  @Test(arguments: NamedKernel.all)
  func `a page that cannot be dissolved is in the pool as before`(kernel: NamedKernel) throws {
    let operation = Operation(
      name: "dissolve",
      prepare: { host in
        let state = try Self.pool(host)
        state.pool.resize(to: 2)
        return state
      },
      perform: { host, state in
        guard let head = host.subsystem.vmemmap.first(of: state.pool.parts[0].freeList),
          state.pool.counts.pageCount == 2
        else { return }
        try? state.pool.dissolveFreePage(head)
      },
      verdict: { _, _, attempt in attempt.differences })
    let sweep = try sweep(operation, kernel, .once)
    #expect(sweep.failurePointCount == (kernel.testDescription == "5.14" ? 6 : 7))
  }

  /// Spec 06 section 8: a surplus page that cannot be folded is as good a page as any.
  /// I 8.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `a page made on demand is there, folded or whole, or nobody has it`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "allocate on demand",
      prepare: { host in
        let state = try Self.pool(host)
        try state.pool.setOvercommitLimit(1)
        return state
      },
      perform: { _, state in
        guard let head = state.pool.allocatePage(.unreserved) else { return }
        state.target += 1
        state.pool.dropReference(to: head)
        state.pool.releaseDeferredPages()
      },
      verdict: { _, state, attempt in
        // With the reference the page goes, unless its descriptors could not be unfolded.
        let kept = Int(state.pool.counts.pageCount)
        return kept == 0
          ? attempt.afterWithoutLeftovers.withoutOrigins
            .differences(from: attempt.beforeWithoutLeftovers.withoutOrigins)
          : state.target == 1 && state.pool.counts.surplusPageCount == 1
            ? [] : ["the pool has \(state.pool.counts)"]
      },
      complete: { _, state in
        state.pool.resize(to: 1)
        state.pool.resize(to: 0)
      })
    let sweep = try FailureSweep(operation, manner) {
      try TestHost(memory: 48 << 20, kernel: kernel.design)
    }
    // Which huge page was split for what differs then, and with it what boot memory is released.
    let findings = sweep.findings.filter { !$0.contains("not where a fresh host gets") }
    #expect(findings == [])
  }
}
