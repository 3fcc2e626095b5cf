// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Huge pages in the hand of an operation that is made to fail, and what it said.
struct SweptPages {
  var folding: FoldingHost
  /// What the pages' descriptors were mapped to before.
  var mappings: [[MappedPage]] = []
  var wasFolded: [Bool] = []
  /// Whether a single page's operation came to its end.
  var isDone = false
  /// What the restore of a list said.
  var restored: FoldingHost.ListRestore?

  init(_ folding: FoldingHost) throws {
    self.folding = folding
    mappings = try folding.heads.map { try folding.mapping(of: $0) }
    wasFolded = folding.heads.map { folding.isFolded($0) }
  }

  /// Each page as it was, or wrong.
  func unchangedFaults(_ indexes: some Sequence<Int>) -> [String] {
    indexes.flatMap { index -> [String] in
      let head = folding.heads[index]
      let isSame = (try? folding.mapping(of: head)) == mappings[index]
      return (isSame && folding.isFolded(head) == wasFolded[index] ? [] : ["page \(index) changed"])
        + descriptorFaults(of: index)
    }
  }

  /// Whatever is wrong with how page `index` is mapped or reads.
  func faults(of index: Int) -> [String] {
    let head = folding.heads[index]
    let old = wasFolded[index] ? nil : mappings[index].map { $0.frame }
    return ((try? folding.shapeFaults(of: head, old: old)) ?? ["page \(index) is not mapped"])
      + descriptorFaults(of: index)
  }

  private func descriptorFaults(of index: Int) -> [String] {
    (try? folding.descriptorFaults(of: folding.heads[index])) ?? ["page \(index) cannot be read"]
  }

  /// What the counters must say about how many frames fell out or were put in.
  func countFaults(_ attempt: FailedAttempt) -> [String] {
    let now = folding.heads.map { folding.isFolded($0) }
    let folded = now.count { $0 } - wasFolded.count { $0 }
    let change = attempt.after["vmemmap"] - attempt.before["vmemmap"]
    guard change != -folded * Int(folding.savedPageCount) else { return [] }
    return ["\(folded) more pages are folded, but the vmemmap grew by \(change)"]
  }
}

@Suite struct `Folding when memory is short` {
  typealias Operation = SweptOperation<SweptPages>

  private func sweep(
    _ operation: Operation, _ kernel: NamedKernel, _ manner: FailureSweep.Manner,
    memory: UInt = 48 << 20
  ) throws -> FailureSweep {
    let sweep = try FailureSweep(operation, manner) {
      try TestHost(memory: memory, kernel: kernel.design)
    }
    #expect(sweep.findings == [])
    return sweep
  }

  /// Folding one page: as before, but for splits and tails, or done.
  private static func optimize(_ order: PageOrder) -> Operation {
    Operation(
      name: "fold one page of order \(order.rawValue)",
      prepare: { try SweptPages(FoldingHost($0, order: order)) },
      perform: { _, state in
        state.isDone = (try? state.folding.optimize(state.folding.head)) == true
      },
      verdict: { _, state, attempt in
        if state.isDone {
          // A head that could not be copied stays where it is, where the kernel allows that.
          return state.faults(of: 0) + state.countFaults(attempt)
            + (state.folding.design.headCopy == .preferred ? [] : ["it succeeded all the same"])
        }
        return state.unchangedFaults([0]) + attempt.lastingDifferences
      },
      complete: { _, state in
        // A head that was not copied is copied the next time.
        if state.isDone { try? state.folding.restore(state.folding.head) }
        _ = try? state.folding.optimize(state.folding.head)
      })
  }

  /// P-PT 3, P-PT 4, P-PT 5, P-HVO 13, P-HVO 22, P-HVO 24, P-HVO 27.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `one page is folded, or as before`(kernel: NamedKernel, manner: FailureSweep.Manner) throws {
    let sweep = try sweep(Self.optimize(PageOrder(9)), kernel, manner)
    let design = kernel.design.vmemmap
    let tail: UInt = design.tailTarget == .sharedPage ? 1 : 0
    let head: UInt = design.headCopy == .none ? 0 : 1
    #expect(sweep.failurePointCount == tail + 1 + head, "tail, table, head")
  }

  @Test(arguments: NamedKernel.all.filter { $0.testDescription == "7.2" })
  func `a gigantic page is folded, or as before, at whatever leaf it fails`(
    kernel: NamedKernel
  ) throws {
    let design = kernel.design.vmemmap
    let sweep = try sweep(Self.optimize(PageOrder(18)), kernel, .once, memory: 3 << 30)
    let tail: UInt = design.tailTarget == .sharedPage ? 1 : 0
    let head: UInt = design.headCopy == .none ? 0 : 1
    #expect(sweep.failurePointCount == tail + 8 + head)
  }

  /// Spec 05 predicate 12: not one figure differs.
  /// P-HVO 12, I 8.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `one page is restored, or as before in every figure`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "restore one page",
      prepare: { host in
        let folding = try FoldingHost(host)
        try folding.optimize(folding.head)
        return try SweptPages(folding)
      },
      perform: { _, state in
        state.isDone = (try? state.folding.restore(state.folding.head)) != nil
      },
      verdict: { _, state, attempt in
        (state.isDone ? ["it succeeded all the same"] : []) + state.unchangedFaults([0])
          + attempt.differences
      })
    let sweep = try sweep(operation, kernel, manner)
    #expect(sweep.failurePointCount == (kernel.testDescription == "5.14" ? 6 : 7))
  }

  /// Each page folded or as before; folding is never an error, so nobody is told.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `of a list each page is folded or as before`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "fold a list",
      prepare: { host in
        let folding = try FoldingHost(host, pages: 5)
        return try SweptPages(folding)
      },
      perform: { _, state in state.folding.optimize(state.folding.heads) },
      verdict: { _, state, attempt in
        state.folding.heads.indices.flatMap { index in
          state.folding.isFolded(state.folding.heads[index])
            ? state.faults(of: index) : state.unchangedFaults([index])
        } + state.countFaults(attempt) + Self.retryFaults(state, attempt, manner)
      },
      complete: { _, state in
        // Heads that were not copied are copied the next time.
        _ = state.folding.restore(state.folding.heads)
        state.folding.optimize(state.folding.heads)
      })
    let sweep = try sweep(operation, kernel, manner)
    #expect(sweep.failurePointCount >= 1)
  }

  /// A single failure costs at most one page: the frames of those before it, or the next try, serve.
  private static func retryFaults(
    _ state: SweptPages, _ attempt: FailedAttempt, _ manner: FailureSweep.Manner
  ) -> [String] {
    let folded = state.folding.heads.count { state.folding.isFolded($0) }
    guard manner == .once, folded < state.folding.heads.count - 1 else { return [] }
    return ["only \(folded) pages are folded"]
  }

  /// Spec 05 section 9 and predicates 17 to 19.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `of a list the front is restored, the rest as before, and the outcome says how far`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let operation = Operation(
      name: "restore a list",
      prepare: { host in
        let folding = try FoldingHost(host, pages: 4)
        folding.optimize([0, 2, 3].map { folding.heads[$0] })
        return try SweptPages(folding)
      },
      perform: { _, state in
        state.restored = state.folding.restore(state.folding.heads)
      },
      verdict: { _, state, attempt in Self.restoreFaults(state, attempt) })
    let sweep = try sweep(operation, kernel, manner)
    #expect(sweep.failurePointCount == 3 * (kernel.testDescription == "5.14" ? 6 : 7))
  }

  private static func restoreFaults(_ state: SweptPages, _ attempt: FailedAttempt) -> [String] {
    guard let restored = state.restored else { return ["it was not done"] }
    let heads = state.folding.heads
    let saved = state.folding.savedPageCount
    // What was served before the failure restored whole pages: the first, the third and the fourth.
    let count = Int(attempt.served / saved)
    let done = count == 0 ? 0 : count + 1
    var faults: [String] = []
    if restored.outcome.restoredCount != UInt(count) || !restored.outcome.isIncomplete {
      faults.append("the outcome is \(restored.outcome)")
    }
    if restored.left != Array(heads[done...]) { faults.append("left are \(restored.left)") }
    if restored.whole != heads[..<done].reversed() { faults.append("whole: \(restored.whole)") }
    for index in 0..<done where state.folding.isFolded(heads[index]) {
      faults.append("page \(index) is still folded")
    }
    for index in 0..<done { faults += state.faults(of: index) }
    return faults + state.unchangedFaults(done..<heads.count) + state.countFaults(attempt)
  }
}
