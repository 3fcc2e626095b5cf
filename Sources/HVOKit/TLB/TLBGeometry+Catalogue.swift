// SPDX-License-Identifier: Apache-2.0

// The processors, as spec 09 section 9.1 has them.

extension TLBGeometry {
  private static let page: UInt = 4 << 10
  private static let huge: UInt = 2 << 20
  private static let gigantic: UInt = 1 << 30

  /// All of them.
  static let all: [TLBGeometry] = [
    skylake("kabylake", "Kaby Lake"), skylake("skylake", "Skylake"), haswell,
    zen("zen1", "Zen", first: 64, second: 1536, ways: 12, splits: false, isUnverified: false),
    zen("zen2", "Zen 2", first: 64, second: 2048, ways: 12, splits: true, isUnverified: false),
    zen("zen3", "Zen 3", first: 64, second: 2048, ways: 16, splits: true, isUnverified: true),
    zen("zen4", "Zen 4", first: 72, second: 3072, ways: 24, splits: true, isUnverified: true),
    neoverse("neoverse-n1", "Neoverse N1", first: 48, second: 1280, ways: 5, isUnverified: false),
    neoverse("neoverse-v1", "Neoverse V1", first: 40, second: 2048, ways: 8, isUnverified: true),
    neoverse("neoverse-n2", "Neoverse N2", first: 44, second: 1280, ways: 5, isUnverified: true),
  ]

  /// An array for each size, of which only the last are as large as the pages need.
  private static let intelFirstLevel = [
    Part(pageSizes: [page], entryCount: 64, wayCount: 4),
    Part(pageSizes: [huge], entryCount: 32, wayCount: 4),
    Part(pageSizes: [gigantic], entryCount: 4, wayCount: 4),
  ]

  private static func skylake(_ name: String, _ title: String) -> TLBGeometry {
    TLBGeometry(
      name: name, title: title, architecture: "x86_64", firstLevel: intelFirstLevel,
      secondLevel: [
        Part(pageSizes: [page, huge], entryCount: 1536, wayCount: 12),
        Part(pageSizes: [gigantic], entryCount: 16, wayCount: 4),
      ],
      coalescedPageCount: 1, splitsGigabytePages: false, threadCount: 2, isUnverified: false)
  }

  private static let haswell = TLBGeometry(
    name: "haswell", title: "Haswell", architecture: "x86_64", firstLevel: intelFirstLevel,
    secondLevel: [Part(pageSizes: [page, huge], entryCount: 1024, wayCount: 8)],
    coalescedPageCount: 1, splitsGigabytePages: false, threadCount: 2, isUnverified: true)

  private static func zen(
    _ name: String, _ title: String, first: Int, second: Int, ways: Int, splits: Bool,
    isUnverified: Bool
  ) -> TLBGeometry {
    TLBGeometry(
      name: name, title: title, architecture: "x86_64",
      firstLevel: [Part(pageSizes: [page, huge, gigantic], entryCount: first, wayCount: first)],
      secondLevel: [Part(pageSizes: [page, huge], entryCount: second, wayCount: ways)],
      coalescedPageCount: 4, splitsGigabytePages: splits, threadCount: 2,
      isUnverified: isUnverified)
  }

  private static func neoverse(
    _ name: String, _ title: String, first: Int, second: Int, ways: Int, isUnverified: Bool
  ) -> TLBGeometry {
    let sizes: [UInt] = [page, 16 << 10, 64 << 10, huge, 512 << 20]
    return TLBGeometry(
      name: name, title: title, architecture: "arm64-4k",
      firstLevel: [Part(pageSizes: sizes, entryCount: first, wayCount: first)],
      secondLevel: [Part(pageSizes: sizes + [gigantic], entryCount: second, wayCount: ways)],
      coalescedPageCount: 4, splitsGigabytePages: false, threadCount: 1,
      isUnverified: isUnverified)
  }
}
