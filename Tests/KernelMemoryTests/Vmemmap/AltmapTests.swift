// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Descriptors on the memory they describe` {
  private let memory = FrameRange(start: PageFrameNumber(0x10000), pageCount: 0x8000)

  @Test func `come from behind what the owner reserves, one behind the other`() {
    var altmap = Altmap(of: memory, reservedCount: 2, freeCount: 10)
    #expect(altmap.allocate(1) == PageFrameNumber(0x10002))
    #expect(altmap.allocate(1) == PageFrameNumber(0x10003))
    #expect(altmap.offset == 12)
    #expect((altmap.usedCount, altmap.skippedCount) == (2, 0))
  }

  /// P-POP 9, P-DEV 2.
  @Test(arguments: [(512, 0x10200), (256, 0x10100), (3, 0x10002), (6, 0x10002), (4, 0x10004)])
  func `are aligned to the lowest bit in their number`(count: UInt, first: UInt) {
    var altmap = Altmap(of: memory, reservedCount: 2, freeCount: 0x600)
    #expect(altmap.allocate(count) == PageFrameNumber(first))
    #expect(altmap.skippedCount == first - 0x10002)
  }

  /// P-POP 8, P-DEV 3.
  @Test func `are refused when too few are left, and then nothing changed`() {
    var altmap = Altmap(of: memory, reservedCount: 2, freeCount: 0x200)
    let before = altmap
    #expect(altmap.allocate(0x200) == nil)
    #expect(altmap == before)
    #expect(altmap.allocate(0x100) == PageFrameNumber(0x10100))
    #expect(altmap.allocate(0x100) == nil)
    #expect(altmap.usedCount + altmap.skippedCount <= altmap.freeCount)
  }

  @Test func `are only counted when they are given back`() {
    var altmap = Altmap(of: memory, freeCount: 4)
    _ = altmap.allocate(1)
    _ = altmap.allocate(2)
    altmap.giveBack(3)
    #expect(altmap.usedCount == 0)
    #expect(altmap.skippedCount == 1)
    #expect(altmap.allocate(1) == PageFrameNumber(0x10001))
  }

  @Test func `fit memory that begins where they do and holds them all`() {
    let altmap = Altmap(of: memory, reservedCount: 2, freeCount: 0x200)
    #expect(altmap.fits(memory))
    #expect(altmap.fits(FrameRange(start: memory.lowerBound, pageCount: 0x202)))
    #expect(!altmap.fits(FrameRange(start: memory.lowerBound, pageCount: 0x201)))
    #expect(!altmap.fits(FrameRange(start: PageFrameNumber(0x10200), pageCount: 0x8000)))
  }
}
