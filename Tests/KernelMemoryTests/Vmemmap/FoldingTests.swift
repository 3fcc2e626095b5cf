// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

@Suite struct `Folding one huge page` {
  @Test(arguments: NamedKernel.all)
  func `maps its descriptors as its kernel does, and every descriptor reads right`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 3)
    for head in folding.heads { try folding.expectSound(head, folded: false) }
    let head = folding.heads[1]
    let old = try folding.frames(of: head)
    #expect(try folding.optimize(head))
    try folding.expectSound(head, folded: true, old: old)
    for other in [folding.heads[0], folding.heads[2]] {
      try folding.expectSound(other, folded: false)
    }
  }

  /// The columns of the table in Documentation/Design/Vmemmap.md.
  /// P-PT 7.
  @Test(arguments: [
    ("5.14", "A B b b b b b b"), ("6.1", "A a a a a a a a"), ("6.12", "N n n n n n n n"),
    ("7.2", "N t t t t t t t"), ("unified", "N t t t t t t t"),
  ])
  func `looks page by page as documented`(name: String, picture: String) throws {
    let kernel = try #require(NamedKernel.all.first { $0.testDescription == name })
    let folding = try FoldingHost(kernel)
    let old = try folding.frames(of: folding.head)
    try folding.optimize(folding.head)
    let letters = try folding.mapping(of: folding.head).map { page in
      let letter =
        if let index = old.firstIndex(of: page.frame) {
          "ABCDEFGH".map { String($0) }[index]
        } else if page.frame == folding.sharedTail(of: folding.head) { "T" } else { "N" }
      return page.isWritable ? letter : letter.lowercased()
    }
    #expect(letters.joined(separator: " ") == picture)
  }

  @Test(arguments: NamedKernel.all)
  func `a restored page is whole and all its descriptors read right`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    try folding.optimize(folding.head)
    let kept = try folding.frames(of: folding.head).prefix(Int(folding.design.privatePageCount))
    try folding.restore(folding.head)
    try folding.expectSound(folding.head, folded: false)
    #expect(try folding.frames(of: folding.head).starts(with: kept), "private pages stay")
  }

  /// P-HVO 28.
  @Test(arguments: NamedKernel.all)
  func `folding again after a restore comes to the same`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    var seen: [SubsystemDigest] = []
    for _ in 0..<3 {
      let old = try folding.frames(of: folding.head)
      try folding.optimize(folding.head)
      try folding.expectSound(folding.head, folded: true, old: old)
      seen.append(folding.digest())
      try folding.restore(folding.head)
      try folding.expectSound(folding.head, folded: false)
      seen.append(folding.digest())
    }
    #expect(seen[4].differences(from: seen[2]) == [])
    #expect(seen[5].differences(from: seen[3]) == [])
    #expect(seen[2].differences(from: seen[0]) == [])
  }

  @Test(arguments: NamedKernel.all)
  func `a page folded already is left alone`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    try folding.optimize(folding.head)
    let mapping = try folding.mapping(of: folding.head)
    let before = folding.digest()
    let cost = try folding.cost { () throws in
      #expect(try !folding.optimize(folding.head))
    }
    #expect(cost == CostReading())
    #expect(try folding.mapping(of: folding.head) == mapping)
    #expect(folding.digest().differences(from: before) == [])
  }

  @Test(arguments: NamedKernel.all)
  func `a whole page has nothing to restore`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    let before = folding.digest()
    let cost = try folding.cost { try folding.restore(folding.head) }
    #expect(cost == CostReading())
    #expect(folding.digest().differences(from: before) == [])
  }

  /// Spec 05 predicate 20, and H5 in the list of known bugs: nobody waits for readers in vain.
  /// P-HVO 20.
  @Test(arguments: NamedKernel.all)
  func `switched off, nothing is folded but what is folded can be restored`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel, pages: 2)
    try folding.optimize(folding.heads[0])
    folding.subsystem.isVmemmapOptimizationEnabled = false
    let before = folding.digest()
    let cost = try folding.cost { () throws in
      #expect(try !folding.optimize(folding.heads[1]))
      folding.optimize([folding.heads[1]])
    }
    #expect(cost.gracePeriods == 0)
    #expect(cost.entriesWritten == 0)
    #expect(cost.framesAllocated == 0)
    #expect(folding.digest().differences(from: before) == [])
    try folding.restore(folding.heads[0])
    try folding.expectSound(folding.heads[0], folded: false)
  }

  @Test(arguments: NamedKernel.all)
  func `folding brings back what the documentation says, and no more`(
    kernel: NamedKernel
  ) throws {
    let folding = try FoldingHost(kernel)
    let saved: UInt = kernel.testDescription == "5.14" ? 6 : 7
    #expect(folding.savedPageCount == saved)
    let before = folding.digest(.ignored)
    try folding.optimize(folding.head)
    #expect(folding.digest(.ignored)["free"] - before["free"] == Int(saved))
  }
}
