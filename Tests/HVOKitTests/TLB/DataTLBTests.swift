// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Testing

@testable import HVOKit

/// A TLB that is obvious and slow: each set is a list, the entry used last in front.
private struct ObviousTLB {
  struct Entry: Equatable {
    var number: UInt
    var reach: TLBReach
    var space: UInt
  }

  typealias Level = [(part: TLBGeometry.Part, sets: [UInt: [Entry]])]

  let geometry: TLBGeometry
  var levels: [Level]

  init(_ geometry: TLBGeometry) {
    self.geometry = geometry
    levels = [geometry.firstLevel, geometry.secondLevel].map { $0.map { ($0, [:]) } }
  }

  /// Whether the level knew it; it does afterwards, if it can.
  private mutating func knew(_ level: Int, _ address: UInt, _ reach: TLBReach, _ space: UInt)
    -> Bool
  {
    let found = levels[level].firstIndex { $0.part.pageSizes.contains(reach.pageByteCount) }
    guard let place = found else { return false }
    let entry = Entry(number: address / reach.byteCount, reach: reach, space: space)
    let set = entry.number % UInt(levels[level][place].part.setCount)
    var list = levels[level][place].sets[set] ?? []
    let knew = list.contains(entry)
    list.removeAll { $0 == entry }
    list.insert(entry, at: 0)
    levels[level][place].sets[set] = Array(list.prefix(levels[level][place].part.wayCount))
    return knew
  }

  mutating func translate(_ address: UInt, _ reach: TLBReach, space: UInt) -> DataTLB.Outcome {
    if knew(0, address, reach, space) { return .firstLevel }
    let splits = geometry.splitsGigabytePages && reach.pageByteCount == 1 << 30
    let below = splits ? TLBReach(pageByteCount: 2 << 20) : reach
    return knew(1, address, below, space) ? .secondLevel : .walk
  }
}

@Suite struct `A data TLB` {
  private static let page: UInt = 4096
  private static let small = TLBReach(pageByteCount: page)

  /// One level of so many entries below one entry, so that nothing hides it.
  private func tlb(entries: Int, ways: Int) -> DataTLB {
    DataTLB(
      TLBGeometry(
        name: "", title: "", architecture: "x86_64",
        firstLevel: [.init(pageSizes: [Self.page], entryCount: 1, wayCount: 1)],
        secondLevel: [.init(pageSizes: [Self.page], entryCount: entries, wayCount: ways)],
        coalescedPageCount: 1, splitsGigabytePages: false, threadCount: 1, isUnverified: false))
  }

  private func walks(_ tlb: inout DataTLB, _ pages: some Sequence<UInt>) -> Int {
    pages.count { tlb.translate($0 * Self.page, Self.small) == .walk }
  }

  @Test func `walks once for each page that has room in its set`() {
    var tlb = tlb(entries: 16, ways: 4)
    // Four sets: these pages are all in set 1.
    let pages: [UInt] = [1, 5, 9, 13]
    #expect(walks(&tlb, pages) == 4)
    #expect(walks(&tlb, pages + pages.reversed()) == 0)
  }

  @Test func `walks each time round a ring of one page more than a set has ways`() {
    var tlb = tlb(entries: 16, ways: 4)
    let pages: [UInt] = [1, 5, 9, 13, 17]
    #expect(walks(&tlb, pages + pages + pages) == 15)
    // Pages of another set have nothing to do with it.
    #expect(walks(&tlb, [2, 6, 10, 14, 2, 6, 10, 14]) == 4)
  }

  @Test func `forgets what was not used for longest`() {
    var tlb = tlb(entries: 2, ways: 2)
    #expect(walks(&tlb, [1, 2, 1, 3]) == 3)
    #expect(tlb.translate(1 * Self.page, Self.small) == .secondLevel)
    #expect(tlb.translate(2 * Self.page, Self.small) == .walk)
  }

  @Test func `finds in the first level what it found anywhere just before`() {
    var tlb = tlb(entries: 4, ways: 4)
    #expect(tlb.translate(0x1000, Self.small) == .walk)
    #expect(tlb.translate(0x1FFF, Self.small) == .firstLevel)
    #expect(tlb.translate(0x2000, Self.small) == .walk)
    #expect(tlb.translate(0x1000, Self.small) == .secondLevel)
  }

  @Test func `keeps what belongs to another space apart`() {
    var tlb = tlb(entries: 4, ways: 4)
    #expect(tlb.translate(0x1000, Self.small, space: 0) == .walk)
    #expect(tlb.translate(0x1000, Self.small, space: 1) == .walk)
    #expect(tlb.translate(0x1000, Self.small, space: 0) == .secondLevel)
  }

  @Test func `knows a group of pages by any of them`() {
    var tlb = tlb(entries: 4, ways: 4)
    let group = TLBReach(pageByteCount: Self.page, byteCount: 4 * Self.page)
    #expect(tlb.translate(4 * Self.page, group) == .walk)
    #expect(tlb.translate(7 * Self.page, group) == .firstLevel)
    #expect(tlb.translate(8 * Self.page, group) == .walk)
  }

  @Test func `keeps no second copy of sizes that the second level does not have`() throws {
    let gigabyte = TLBReach(pageByteCount: 1 << 30)
    var haswell = DataTLB(try TLBGeometry.named("haswell"))
    for page in 0..<UInt(5) { #expect(haswell.translate(page << 30, gigabyte) == .walk) }
    #expect(haswell.translate(4 << 30, gigabyte) == .firstLevel)
    #expect(haswell.translate(0, gigabyte) == .walk)
    // Skylake has 16 entries for them.
    var skylake = DataTLB(try TLBGeometry.named("skylake"))
    for page in 0..<UInt(5) { #expect(skylake.translate(page << 30, gigabyte) == .walk) }
    #expect(skylake.translate(0, gigabyte) == .secondLevel)
  }

  @Test func `keeps parts of a gigabyte where it splits it`() throws {
    let gigabyte = TLBReach(pageByteCount: 1 << 30)
    var zen = DataTLB(try TLBGeometry.named("zen2"))
    #expect(zen.translate(0, gigabyte) == .walk)
    // The first level knows all of it.
    #expect(zen.translate(512 << 20, gigabyte) == .firstLevel)
    for page in 1...UInt(64) { _ = zen.translate(page << 30, gigabyte) }
    #expect(zen.translate(1 << 20, gigabyte) == .secondLevel)
    for page in 1...UInt(64) { _ = zen.translate(page << 30, gigabyte) }
    #expect(zen.translate(512 << 20, gigabyte) == .walk)
  }

  @Test(arguments: TLBGeometry.all.map(\.name))
  func `finds what an obvious one finds`(name: String) throws {
    let geometry = try TLBGeometry.named(name)
    var (tlb, obvious) = (DataTLB(geometry), ObviousTLB(geometry))
    var generator = SplitMix(seed: 7)
    let sizes: [TLBReach] = [
      TLBReach(pageByteCount: 4 << 10), TLBReach(pageByteCount: 4 << 10, byteCount: 16 << 10),
      TLBReach(pageByteCount: 2 << 20), TLBReach(pageByteCount: 1 << 30),
    ]
    var differences = 0
    for _ in 0..<20_000 {
      let reach = sizes[Int.random(in: 0..<sizes.count, using: &generator)]
      // A few pages are used often, and many seldom.
      let limit: UInt = Bool.random(using: &generator) ? 40 : 4000
      let address = UInt.random(in: 0..<limit, using: &generator) * reach.byteCount
      let space = UInt.random(in: 0..<2, using: &generator)
      let outcomes = (
        tlb.translate(address, reach, space: space), obvious.translate(address, reach, space: space)
      )
      if outcomes.0 != outcomes.1 { differences += 1 }
    }
    #expect(differences == 0)
  }
}

@Suite struct `The geometries` {
  private func part(_ sizes: [UInt], _ entries: Int, _ ways: Int) -> TLBGeometry.Part {
    TLBGeometry.Part(pageSizes: sizes, entryCount: entries, wayCount: ways)
  }

  @Test(arguments: ["kabylake", "skylake"])
  func `are those of Skylake and Kaby Lake`(name: String) throws {
    let geometry = try TLBGeometry.named(name)
    #expect(
      geometry.firstLevel == [
        part([4 << 10], 64, 4), part([2 << 20], 32, 4), part([1 << 30], 4, 4),
      ])
    #expect(
      geometry.secondLevel == [part([4 << 10, 2 << 20], 1536, 12), part([1 << 30], 16, 4)])
    #expect(geometry.secondLevel.map(\.setCount) == [128, 4])
    #expect(geometry.coalescedPageCount == 1)
  }

  /// Name, first level, second level, its ways, whether it merges pages.
  private static let published: [(String, Int, Int, Int, Bool)] = [
    ("haswell", 64, 1024, 8, false), ("zen1", 64, 1536, 12, true), ("zen2", 64, 2048, 12, true),
    ("zen3", 64, 2048, 16, true), ("zen4", 72, 3072, 24, true),
    ("neoverse-n1", 48, 1280, 5, true), ("neoverse-v1", 40, 2048, 8, true),
    ("neoverse-n2", 44, 1280, 5, true),
  ]

  @Test(arguments: published)
  func `are as published`(name: String, first: Int, second: Int, ways: Int, merges: Bool) throws {
    let geometry = try TLBGeometry.named(name)
    #expect(geometry.firstLevel.first?.entryCount == first)
    #expect(geometry.secondLevel.first?.entryCount == second)
    #expect(geometry.secondLevel.first?.wayCount == ways)
    #expect((geometry.coalescedPageCount == 4) == merges)
    let isARM = name.hasPrefix("neoverse")
    #expect(geometry.architecture == (isARM ? "arm64-4k" : "x86_64"))
    #expect(geometry.secondLevel[0].pageSizes.contains(1 << 30) == isARM)
  }

  @Test func `have names of their own, and no more entries than sets and ways`() {
    #expect(Set(TLBGeometry.all.map(\.name)).count == TLBGeometry.all.count)
    for part in TLBGeometry.all.flatMap({ $0.firstLevel + $0.secondLevel }) {
      #expect(part.setCount * part.wayCount <= part.entryCount)
      #expect((part.setCount + 1) * part.wayCount > part.entryCount)
    }
  }

  @Test(arguments: ["", "pentium", "zen", "kaby lake", "zen2 "])
  func `are asked for by name`(name: String) {
    #expect(throws: InputError.self) { try TLBGeometry.named(name) }
  }
}
