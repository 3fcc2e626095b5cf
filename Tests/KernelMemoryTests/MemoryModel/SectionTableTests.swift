// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `The table of sections` {
  private func table(gibibytes: UInt) -> SectionTable {
    SectionTable(
      order: PageOrder(15), pageblockOrder: PageOrder(9), end: PageFrameNumber(gibibytes << 18))
  }

  @Test func `a frame's section is its number over the section's size`() {
    let table = table(gibibytes: 64)
    #expect(table.number(of: PageFrameNumber(0)) == SectionNumber(0))
    #expect(table.number(of: PageFrameNumber(32_767)) == SectionNumber(0))
    #expect(table.number(of: PageFrameNumber(32_768)) == SectionNumber(1))
    let frames = table.frames(of: SectionNumber(3))
    #expect(frames == PageFrameNumber(98_304)..<PageFrameNumber(131_072))
    #expect(table.limit == 512)
  }

  @Test func `a section that nobody made is absent, also beyond the end`() {
    let table = table(gibibytes: 64)
    for number in [0, 511, 512, 1 << 40] as [UInt] {
      #expect(table[SectionNumber(number)].marks == [])
      #expect(table[SectionNumber(number)].zoneIndex == nil)
    }
    #expect(table.migrateType(of: PageFrameNumber(1 << 50)) == .movable)
    #expect(!table.isIsolated(PageFrameNumber(1 << 50)))
  }

  @Test func `a hole of terabytes costs nothing, and its far end works`() {
    let table = SectionTable(
      order: PageOrder(15), pageblockOrder: PageOrder(9), end: PageFrameNumber(1 << 34))
    let last = SectionNumber(table.limit - 1)
    table.update(last) { $0.marks.insert(.present) }
    #expect(table[last].marks == .present)
    #expect(table[SectionNumber(last.rawValue - 1)].marks == [])
  }

  @Test func `pageblocks have types of their own, and isolation does not lose them`() {
    let table = table(gibibytes: 1)
    table.makePageblocks(of: SectionNumber(2), type: .movable)
    #expect(table.pageblocksPerSection == 64)
    let start = table.frames(of: SectionNumber(2)).lowerBound
    let second = start.advanced(by: 512)
    table.setMigrateType(.unmovable, of: start.advanced(by: 511))
    #expect(table.migrateType(of: start) == .unmovable)
    #expect(table.migrateType(of: second) == .movable)
    table.setIsolated(true, of: start)
    #expect(table.isIsolated(start.advanced(by: 300)))
    #expect(!table.isIsolated(second))
    #expect(table.migrateType(of: start) == .unmovable)
    table.setMigrateType(.reclaimable, of: start)
    #expect(table.isIsolated(start))
    table.setIsolated(false, of: start)
    #expect(table.migrateType(of: start) == .reclaimable)
    #expect(!table.isIsolated(start))
  }

  @Test func `pageblocks are made once`() {
    let table = table(gibibytes: 1)
    table.makePageblocks(of: SectionNumber(0), type: .movable)
    table.setMigrateType(.cma, of: PageFrameNumber(0))
    table.makePageblocks(of: SectionNumber(0), type: .unmovable)
    #expect(table.migrateType(of: PageFrameNumber(0)) == .cma)
    #expect(table.migrateType(of: PageFrameNumber(512)) == .movable)
  }

  @Test func `a pageblock larger than a section is one for the section`() {
    let table = SectionTable(
      order: PageOrder(8), pageblockOrder: PageOrder(8), end: PageFrameNumber(1 << 12))
    #expect(table.pageblocksPerSection == 1)
    table.makePageblocks(of: SectionNumber(1), type: .movable)
    table.setMigrateType(.unmovable, of: PageFrameNumber(511))
    #expect(table.migrateType(of: PageFrameNumber(256)) == .unmovable)
  }

  @Test func `a section is not made beyond the end`() async {
    await #expect(processExitsWith: .failure) {
      let table = SectionTable(
        order: PageOrder(15), pageblockOrder: PageOrder(9), end: PageFrameNumber(1 << 18))
      table.update(SectionNumber(8)) { $0.marks.insert(.present) }
    }
  }
}
