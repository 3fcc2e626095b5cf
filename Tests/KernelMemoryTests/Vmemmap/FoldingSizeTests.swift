// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// A size of huge page on an architecture.
struct FoldedSize: CustomTestStringConvertible, Sendable {
  var format: PagingFormat
  var order: Int
  /// The machine's memory.
  var memory: UInt
  /// The vmemmap pages of one huge page, and the frames that folding it gives back.
  var pageCount: UInt
  var savedPageCount: UInt

  init(_ format: PagingFormat, _ order: Int, _ memory: UInt, _ pages: UInt, _ saved: UInt) {
    self.format = format
    self.order = order
    self.memory = memory
    pageCount = pages
    savedPageCount = saved
    // Where a live entry may not be replaced nobody folds; the sizes are right all the same, and
    // newer processors of the architecture allow it.
    self.format.allowsLiveRemap = true
  }

  var testDescription: String { "\(format.name) order \(order)" }

  /// The savings table of spec 05 section 1.
  static let all = [
    Self(.x86FourLevel, 9, 512 << 20, 8, 7), Self(.x86FourLevel, 18, 3 << 30, 4096, 4095),
    Self(.x86FiveLevel, 9, 512 << 20, 8, 7),
    Self(.arm64With4KPages, 13, 512 << 20, 128, 127), Self(.arm64With4KPages, 9, 512 << 20, 8, 7),
    Self(.arm64With16KPages, 11, 1 << 30, 8, 7), Self(.arm64With16KPages, 16, 4 << 30, 256, 255),
    Self(.arm64With64KPages, 13, 4 << 30, 8, 7), Self(.arm64With64KPages, 18, 36 << 30, 256, 255),
    Self(.riscvSv39, 9, 512 << 20, 8, 7), Self(.riscvSv48, 18, 3 << 30, 4096, 4095),
    Self(.riscvSv57, 9, 512 << 20, 8, 7),
    Self(.powerRadixWith4KPages, 9, 512 << 20, 8, 7),
    Self(.powerRadixWith64KPages, 14, 4 << 30, 16, 15),
  ]
}

@Suite struct `Huge pages of all sizes` {
  @Test(arguments: FoldedSize.all)
  func `fold, unfold and fold again`(size: FoldedSize) throws {
    for kernel in NamedKernel.all where kernel.design.vmemmap.supports(size.format) {
      // Gigantic pages take their time; one kernel with and one without shared tails will do.
      let one = size.format.regime == .x86FourLevel ? "7.2" : "6.12"
      if size.pageCount > 128, kernel.testDescription != one { continue }
      let folding = try FoldingHost(
        kernel, order: PageOrder(size.order), memory: size.memory, format: size.format)
      let head = folding.head
      #expect(folding.pageCount == size.pageCount)
      let kept = kernel.design.vmemmap.privatePageCount
      #expect(folding.savedPageCount == size.savedPageCount - (kept - 1))
      let before = folding.digest(.ignored)
      try folding.optimize(head)
      try folding.expectSound(head, folded: true)
      let gain = folding.digest(.ignored)["free"] - before["free"]
      #expect(gain == Int(folding.savedPageCount))
      try folding.restore(head)
      try folding.expectShape(head, folded: false)
      #expect(
        folding.digest(.ignored).withoutOrigins.differences(from: before.withoutOrigins) == [])
      folding.optimize([head])
      try folding.expectShape(head, folded: true)
      _ = folding.restore([head])
      try folding.expectSound(head, folded: false)
    }
  }

  @Test(arguments: [
    (PagingFormat.x86FourLevel, 6), (.arm64With4KPages, 4), (.arm64With16KPages, 7),
    (.arm64With64KPages, 5), (.powerRadixWith64KPages, 5),
  ])
  func `pages whose descriptors fill no two pages are not folded`(
    format: PagingFormat, order: Int
  ) throws {
    let folio = FoldedSize(format, order, 0, 0, 0)
    for kernel in NamedKernel.all {
      let pages = (UInt(64) << order) >> format.pageSize.shift
      #expect(kernel.design.vmemmap.savedPageCount(ofDescribing: pages) == 0)
      #expect(pages <= 1, "\(folio.testDescription)")
    }
  }

  @Test func `the smallest page with a saving has two vmemmap pages`() {
    for kernel in NamedKernel.all {
      let design = kernel.design.vmemmap
      let two = design.privatePageCount + 1
      #expect(design.savedPageCount(ofDescribing: two) == 1)
      #expect(design.savedPageCount(ofDescribing: two - 1) == 0)
    }
  }

  /// Spec 05 section 18: where each kernel folds at all.
  @Test func `kernels fold on the architectures that they do`() {
    let all = PagingFormat.all
    for index in all.indices {
      let format = all[index]
      let name = format.name.description
      let isX86 = name.hasPrefix("x86")
      let isRISCV = format.regime == PagingFormat.riscvSv39.regime || !format.distinguishesReadOnly
      for kernel in NamedKernel.all {
        let expected = kernel.design.vmemmap.isLimitedToX86 ? isX86 : isX86 || isRISCV
        #expect(kernel.design.vmemmap.supports(format) == expected, "\(name)")
      }
    }
  }

  /// The first leaf's table and the tail are all that a split of 1 GiB leaves behind.
  @Test(arguments: NamedKernel.all)
  func `a gigantic page splits each leaf over its descriptors`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, order: PageOrder(18), memory: 3 << 30)
    let before = folding.digest()
    let cost = try folding.cost { try folding.optimize(folding.head) }
    let after = folding.digest()
    #expect(after["tables"] - before["tables"] == 8)
    #expect(after["mapped leaves"] - before["mapped leaves"] == -8)
    #expect(cost.fullFlushes == 9, "one for each split, one for the page")
    #expect(
      folding.cost { _ = folding.restore(folding.heads) }.framesAllocated
        == folding.savedPageCount)
    #expect(folding.host.complaints == [])
  }
}
