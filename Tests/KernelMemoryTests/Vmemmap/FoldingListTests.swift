// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Lists of huge pages, as pools hand them over; spec 05 sections 8 and 9.
@Suite struct `Folding lists` {
  /// P-HVO 19.
  @Test(arguments: NamedKernel.all)
  func `every page is folded and restored as if alone`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 9)
    let old = try folding.heads.map { try folding.frames(of: $0) }
    folding.optimize(folding.heads)
    for (head, old) in zip(folding.heads, old) {
      try folding.expectShape(head, folded: true, old: old)
    }
    try folding.expectSound(folding.heads[4], folded: true)
    let heads = Set(try folding.heads.map { try folding.frames(of: $0)[0] })
    #expect(heads.count == 9, "each page has a head page of its own")
    let result = folding.restore(folding.heads)
    #expect(result.outcome == VmemmapRestoreOutcome(restoredCount: 9, isIncomplete: false))
    #expect(result.left == [])
    for head in folding.heads { try folding.expectShape(head, folded: false) }
    try folding.expectSound(folding.heads[4], folded: false)
    folding.optimize(folding.heads)
    for head in folding.heads { try folding.expectShape(head, folded: true) }
    #expect(folding.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `a list comes to the same as its pages one by one`(kernel: NamedKernel) throws {
    let together = try FoldingHost(kernel, pages: 6)
    let alone = try FoldingHost(kernel, pages: 6)
    together.optimize(together.heads)
    for head in alone.heads { try alone.optimize(head) }
    #expect(together.digest().differences(from: alone.digest()) == [])
    _ = together.restore(together.heads)
    for head in alone.heads { try alone.restore(head) }
    #expect(together.digest().differences(from: alone.digest()) == [])
  }

  /// P-HVO 26.
  @Test(arguments: NamedKernel.batching, [UInt(1), 7, 70])
  func `two flushes are enough for a list of any length`(kernel: NamedKernel, count: UInt) throws {
    let folding = try FoldingHost(kernel, pages: count, cpus: 2)
    let fold = folding.cost { folding.optimize(folding.heads) }
    #expect(fold.fullFlushes == 2)
    #expect(fold.pageFlushes == 0)
    #expect(fold.interprocessorInterrupts == 2)
    let wait = kernel.design.vmemmap.readerWait
    #expect(fold.gracePeriods == (wait == .never ? 0 : 1))
    let unfold = folding.cost { _ = folding.restore(folding.heads) }
    #expect(unfold.fullFlushes == 1)
    #expect(unfold.pageFlushes == 0)
    #expect(unfold.gracePeriods == (wait == .always ? 1 : 0))
    #expect(folding.cost { _ = folding.restore(folding.heads) } == CostReading())
  }

  @Test func `without lists each page flushes for itself`() throws {
    for kernel in NamedKernel.all where kernel.design.vmemmap.batching == .none {
      let folding = try FoldingHost(kernel, pages: 5)
      let saved = folding.savedPageCount
      let fold = folding.cost { folding.optimize(folding.heads) }
      #expect(fold.fullFlushes == 1, "one leaf was split")
      #expect(fold.pageFlushes == 5 * saved)
      let unfold = folding.cost { _ = folding.restore(folding.heads) }
      #expect(unfold.fullFlushes == 0)
      #expect(unfold.pageFlushes == 5 * saved)
    }
  }

  /// Spec 05 predicate 17: pages that were never folded are handed on too, each to the front.
  /// P-HVO 17.
  @Test(arguments: NamedKernel.all)
  func `a restored list is handed on last page first`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 5)
    folding.optimize([folding.heads[0], folding.heads[3]])
    let result = folding.restore(folding.heads)
    #expect(result.outcome.restoredCount == 2)
    #expect(result.left == [])
    #expect(result.whole == folding.heads.reversed())
  }

  /// Spec 05 predicates 17 and 18, and H15 in the list of known bugs.
  /// P-HVO 18.
  @Test(arguments: NamedKernel.all)
  func `the page that cannot be restored and those behind it stay on the list`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 6)
    folding.optimize(folding.heads)
    let before = try folding.heads.map { try folding.mapping(of: $0) }
    folding.machine.failures.failAllocation(after: 3 * folding.savedPageCount + 2)
    let cost = folding.cost {
      let result = folding.restore(folding.heads)
      #expect(result.outcome == VmemmapRestoreOutcome(restoredCount: 3, isIncomplete: true))
      #expect(result.left == Array(folding.heads[3...]))
      #expect(result.whole == folding.heads[..<3].reversed())
    }
    if kernel.design.vmemmap.batching == .lists { #expect(cost.fullFlushes == 1) }
    for index in 0..<6 {
      try folding.expectShape(folding.heads[index], folded: index >= 3)
      if index >= 3 { #expect(try folding.mapping(of: folding.heads[index]) == before[index]) }
    }
    try folding.expectSound(folding.heads[2], folded: false)
    try folding.expectSound(folding.heads[3], folded: true)
  }

  /// H16 in the list of known bugs: what was collected is flushed, and only then freed for the rest.
  @Test(arguments: NamedKernel.batching)
  func `when frames run out, those that wait are freed early and the page is tried again`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 6)
    folding.optimize([folding.heads[5]])
    guard kernel.design.vmemmap.headCopy == .required else { return }
    // Everything is split and the tail is made: heads are all that is asked for.
    folding.machine.failures.failAllocation(after: 2)
    let cost = folding.cost { folding.optimize(folding.heads) }
    #expect(cost.fullFlushes == 3)
    for head in folding.heads { try folding.expectShape(head, folded: true) }
    #expect(folding.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `an empty list costs nothing`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    #expect(folding.cost { folding.optimize([]) } == CostReading())
    #expect(folding.cost { _ = folding.restore([]) } == CostReading())
  }

  @Test(arguments: NamedKernel.all)
  func `pages folded already, self-hosted ones and others can share a list`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 5)
    try folding.optimize(folding.heads[1])
    let backing = try folding.frames(of: folding.heads[2])[0]
    folding.vmemmap.set(folding.vmemmap.format.selfHosted, at: backing)
    let mapping = try folding.mapping(of: folding.heads[1])
    folding.optimize(folding.heads)
    folding.vmemmap.clear(folding.vmemmap.format.selfHosted, at: backing)
    #expect(try folding.mapping(of: folding.heads[1]) == mapping)
    for (index, head) in folding.heads.enumerated() {
      try folding.expectShape(head, folded: index != 2)
    }
    try folding.expectSound(folding.heads[2], folded: false)
  }
}
