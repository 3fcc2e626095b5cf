// SPDX-License-Identifier: Apache-2.0

/// What one entry of a TLB could translate of the page around an address.
struct TLBReach: Hashable, Sendable {
  /// The size of the page, which says where the entry is kept.
  ///
  /// - Unit: bytes; a power of two.
  var pageByteCount: UInt
  /// The bytes that the entry is good for: the page, or a few pages that lie together.
  ///
  /// - Unit: bytes; a power of two.
  var byteCount: UInt

  /// An entry for one page.
  init(pageByteCount: UInt) { self.init(pageByteCount: pageByteCount, byteCount: pageByteCount) }

  init(pageByteCount: UInt, byteCount: UInt) {
    (self.pageByteCount, self.byteCount) = (pageByteCount, byteCount)
  }

  /// The number of the stretch that `address` lies in.
  func number(of address: UInt) -> UInt { address >> UInt(byteCount.trailingZeroBitCount) }
}

/// The data TLB of one core: two levels, each of which forgets what was not used for longest.
///
/// Whatever a walk finds is kept in both levels; what only the second level knows moves up. Nothing
/// is fetched ahead, and nothing is flushed.
///
/// - Source: spec 09 section 9.2.
struct DataTLB {
  /// Where a translation was found.
  enum Outcome: Equatable { case firstLevel, secondLevel, walk }

  /// Arrays of one level, and the sizes that each has.
  private struct Level {
    var sizes: [[UInt]]
    var arrays: [TranslationArray]

    init(_ parts: [TLBGeometry.Part]) {
      sizes = parts.map(\.pageSizes)
      arrays = parts.map(TranslationArray.init)
    }

    func index(for pageByteCount: UInt) -> Int? {
      sizes.firstIndex { $0.contains(pageByteCount) }
    }
  }

  private var first: Level
  private var second: Level
  private let splitsGigabytePages: Bool

  /// An empty one.
  init(_ geometry: TLBGeometry) {
    first = Level(geometry.firstLevel)
    second = Level(geometry.secondLevel)
    splitsGigabytePages = geometry.splitsGigabytePages
  }

  /// Translates `address` for whoever has the number `space`; nobody uses entries of others.
  mutating func translate(_ address: UInt, _ reach: TLBReach, space: UInt = 0) -> Outcome {
    let upper = reach
    let upperTag = Self.tag(address, upper, space)
    let upperIndex = first.index(for: upper.pageByteCount)
    if let index = upperIndex,
      first.arrays[index].find(upperTag, number: upper.number(of: address))
    {
      return .firstLevel
    }
    let isKnown = translateBelow(address, reach, space: space)
    if let index = upperIndex {
      first.arrays[index].insert(upperTag, number: upper.number(of: address))
    }
    return isKnown ? .secondLevel : .walk
  }

  /// Asks the second level, and tells it if it does not know.
  private mutating func translateBelow(_ address: UInt, _ reach: TLBReach, space: UInt) -> Bool {
    var reach = reach
    if splitsGigabytePages, reach.pageByteCount == 1 << 30 {
      reach = TLBReach(pageByteCount: 2 << 20)
    }
    guard let index = second.index(for: reach.pageByteCount) else { return false }
    let (tag, number) = (Self.tag(address, reach, space), reach.number(of: address))
    if second.arrays[index].find(tag, number: number) { return true }
    second.arrays[index].insert(tag, number: number)
    return false
  }

  /// What tells an entry from all others; never 0, which stands for no entry.
  private static func tag(_ address: UInt, _ reach: TLBReach, _ space: UInt) -> UInt64 {
    UInt64(reach.number(of: address)) << 12 | UInt64(space & 63) << 6
      | UInt64(reach.byteCount.trailingZeroBitCount)
  }
}
