// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Memory that was added together with its own descriptors keeps them where they are.
@Suite struct `Self-hosted descriptors` {
  /// Runs `body` while the frames behind the page's descriptors carry the mark.
  private func withMark(
    on folding: FoldingHost, _ head: PageFrameNumber, _ body: () throws -> Void
  ) throws {
    let mark = folding.vmemmap.format.selfHosted
    let backing = try folding.frames(of: head)
    for pfn in backing { folding.vmemmap.set(mark, at: pfn) }
    defer { for pfn in backing { folding.vmemmap.clear(mark, at: pfn) } }
    try body()
  }

  /// P-HVO 23.
  @Test(arguments: NamedKernel.all, [false, true])
  func `are passed over or refused, as the kernel does, and nothing changes`(
    kernel: NamedKernel, isSplit: Bool
  ) throws {
    let folding = try FoldingHost(kernel, pages: 2)
    if isSplit { try folding.optimize(folding.heads[0]) }
    let head = folding.heads[1]
    let old = try folding.frames(of: head)
    let before = folding.digest(.ignored)
    try withMark(on: folding, head) {
      #expect(folding.optimizer.isSelfHosted(folding.folio(head)))
      let cost = try folding.cost { () throws in
        switch kernel.design.vmemmap.selfHostedCheck {
        case .beforehand: #expect(try !folding.optimize(head))
        case .duringWalk:
          #expect(throws: VmemmapOptimizeError.selfHosted) { try folding.optimize(head) }
        }
      }
      #expect(cost.entriesWritten == 0)
      #expect(cost.framesFreed == 0)
      #expect(cost.pageFlushes + cost.fullFlushes == 0)
    }
    try folding.expectSound(head, folded: false, old: old)
    #expect(folding.digest(.ignored).differences(from: before) == [])
  }

  @Test(arguments: NamedKernel.all)
  func `do not keep the rest of a list from being folded`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 3)
    try withMark(on: folding, folding.heads[0]) { folding.optimize(folding.heads) }
    try folding.expectSound(folding.heads[0], folded: false)
    try folding.expectSound(folding.heads[1], folded: true)
    try folding.expectSound(folding.heads[2], folded: true)
  }

  @Test(arguments: NamedKernel.all)
  func `a pool takes such pages whole`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 2)
    let summary = { folding.subsystem.foldingSummaries.first { $0.pageByteCount == 2 << 20 } }
    try withMark(on: folding, folding.heads[0]) {
      folding.optimize(folding.heads)
      #expect(summary()?.selfHostedPageCount == 1)
      #expect(summary()?.foldedPageCount == 1)
    }
    #expect(summary()?.wholePageCount == 1)
  }
}
