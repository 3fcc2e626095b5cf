// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// What the counters say and what it costs; the tables are those of spec 05 sections 11 and 14.
@Suite struct `What folding counts and costs` {
  /// How the counters change with one step.
  struct Change: Equatable {
    var runtime: Int
    var boot: Int
    var managed: Int
    var free: Int

    init(_ runtime: Int, _ boot: Int, _ managed: Int, _ free: Int) {
      self.runtime = runtime
      self.boot = boot
      self.managed = managed
      self.free = free
    }
  }

  private func change(of folding: FoldingHost, _ body: () throws -> Void) rethrows -> Change {
    let before = folding.digest()
    try body()
    let after = folding.digest()
    func delta(_ name: String) -> Int { after[name] - before[name] }
    return Change(
      delta("vmemmap from run time"), delta("vmemmap from boot"), delta("managed"), delta("free"))
  }

  /// P-PHYS 16, P-HVO 15, P-HVO 16.
  @Test(arguments: NamedKernel.all)
  func `the counters move as in the kernel's table`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 2)
    // The first page pays for what all share: a table, and in some kernels a tail.
    try folding.optimize(folding.heads[0])
    let head = folding.heads[1]
    let steps = try [
      change(of: folding) { try folding.optimize(head) },
      change(of: folding) { try folding.restore(head) },
      change(of: folding) { try folding.optimize(head) },
      change(of: folding) { try folding.restore(head) },
    ]
    let first =
      switch kernel.testDescription {
      case "5.14": Change(0, -6, 6, 6)
      case "6.1": Change(0, -7, 7, 7)
      default: Change(1, -8, 8, 7)
      }
    let saved = Int(folding.savedPageCount)
    let down = Change(-saved, 0, 0, saved)
    let up = Change(saved, 0, 0, -saved)
    #expect(steps == [first, up, down, up])
    #expect(folding.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `the first page of a zone costs a table, and a tail where tails are shared`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 2)
    let shared = kernel.design.vmemmap.tailTarget == .sharedPage ? 1 : 0
    let before = folding.digest()
    try folding.optimize(folding.heads[0])
    let after = folding.digest()
    #expect(after["tables"] - before["tables"] == 1)
    #expect(after["shared tails"] == shared)
    let saved = Int(folding.savedPageCount)
    #expect(after["free"] - before["free"] == saved - 1 - shared)
    #expect(after["mapped leaves"] - before["mapped leaves"] == -1)
    #expect(after["mapped tables"] - before["mapped tables"] == 1)
  }

  /// Frames that boot reserved for descriptors become memory like any other when they are given
  /// back the first time: total memory grows once, and their descriptors say nothing yet.
  /// P-PHYS 15, P-BUDDY 14, P-BUDDY 15.
  @Test(arguments: NamedKernel.all)
  func `memory reserved at boot is released once`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    let old = try folding.frames(of: folding.head)
    #expect(old.allSatisfy { folding.vmemmap.isBlank($0) })
    try folding.optimize(folding.head)
    let gone = Set(old).subtracting(try folding.frames(of: folding.head))
    let isCopied = kernel.design.vmemmap.headCopy != .none
    #expect(gone.count == Int(folding.savedPageCount) + (isCopied ? 1 : 0))
    let managed = folding.subsystem.totals.managedPageCount
    try folding.restore(folding.head)
    let fresh = Set(try folding.frames(of: folding.head)).subtracting(old.prefix(1))
    #expect(fresh.allSatisfy { !folding.vmemmap.isBlank($0) || old.contains($0) })
    for _ in 0..<3 {
      try folding.optimize(folding.head)
      try folding.restore(folding.head)
      #expect(folding.subsystem.totals.managedPageCount == managed)
    }
    #expect(folding.host.complaints == [])
  }

  /// The sum of both counters is the size of the vmemmap (P14), the boot counter never grows (P15)
  /// and total memory never shrinks (P16).
  @Test(arguments: NamedKernel.all)
  func `the sum of both counters is what is mapped`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 5)
    let start = folding.digest()
    var last = start
    for round in 0..<12 {
      let head = folding.heads[round * 7 % 5]
      if folding.isFolded(head) { try folding.restore(head) } else { try folding.optimize(head) }
      let now = folding.digest()
      let folded = folding.heads.count { folding.isFolded($0) }
      #expect(now["vmemmap"] == start["vmemmap"] - folded * Int(folding.savedPageCount))
      #expect(now["vmemmap from boot"] <= last["vmemmap from boot"])
      #expect(now["managed"] >= last["managed"])
      #expect(now["held elsewhere"] == start["held elsewhere"])
      last = now
    }
  }

  /// P-PT 10.
  @Test(arguments: NamedKernel.all)
  func `one page flushes its own range, and the leaf above it when that is split`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 2, cpus: 3)
    let design = kernel.design.vmemmap
    let copies: UInt = design.headCopy == .none ? 0 : 1
    let shares: UInt = design.tailTarget == .sharedPage ? 1 : 0
    let written = folding.savedPageCount + copies
    let first = try folding.cost { try folding.optimize(folding.heads[0]) }
    // 512 pages are flushed cheaper as everything.
    #expect(first.fullFlushes == 1)
    #expect(first.pageFlushes == written)
    #expect(first.interprocessorInterrupts == 2 * 2)
    #expect(first.entriesWritten == 513 + written)
    #expect(first.framesAllocated == 1 + copies + shares)
    #expect(first.bytesCopied == copies * 4096)
    let second = try folding.cost { try folding.optimize(folding.heads[1]) }
    #expect(second.fullFlushes == 0)
    #expect(second.pageFlushes == written)
    #expect(second.entriesWritten == written)
    #expect(second.framesAllocated == copies)
    let grace: UInt = design.readerWait == .never ? 0 : 1
    #expect(first.gracePeriods == grace && second.gracePeriods == grace)
  }

  @Test(arguments: NamedKernel.all)
  func `a restore flushes the tails' range and copies each of them`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, cpus: 3)
    try folding.optimize(folding.head)
    let cost = try folding.cost { try folding.restore(folding.head) }
    #expect(cost.fullFlushes == 0)
    #expect(cost.pageFlushes == folding.savedPageCount)
    #expect(cost.interprocessorInterrupts == 2)
    #expect(cost.entriesWritten == folding.savedPageCount)
    #expect(cost.framesAllocated == folding.savedPageCount)
    #expect(cost.framesFreed == 0)
    #expect(cost.bytesCopied == folding.savedPageCount * 4096)
    #expect(cost.gracePeriods == (kernel.design.vmemmap.readerWait == .always ? 1 : 0))
  }

  /// Spec 05 predicate 25.
  /// P-HVO 25.
  @Test(arguments: NamedKernel.all)
  func `a fold gives back as many frames as fell out`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    try folding.optimize(folding.head)
    try folding.restore(folding.head)
    // Only the head page is memory from boot now, if it was not copied.
    let cost = try folding.cost { try folding.optimize(folding.head) }
    let copies: UInt = kernel.design.vmemmap.headCopy == .none ? 0 : 1
    #expect(cost.framesFreed == folding.savedPageCount + copies)
  }

}
