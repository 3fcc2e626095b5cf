// SPDX-License-Identifier: Apache-2.0

/// Entries of a TLB in sets, of which each forgets what was not used for longest.
///
/// ```
///            way 0   way 1   …
///  set 0    [ tag ] [ tag ]        a page's number, modulo the sets, says which set;
///  set 1    [ tag ] [ tag ]        any way of it will do
///   …
/// ```
struct TranslationArray {
  private let setCount: UInt
  private let wayCount: Int
  private var tags: [UInt64]
  /// When each entry was last used.
  private var stamps: [UInt64]
  private var clock: UInt64 = 0

  /// An empty array.
  init(_ part: TLBGeometry.Part) {
    setCount = UInt(part.setCount)
    wayCount = part.wayCount
    tags = Array(repeating: 0, count: part.setCount * part.wayCount)
    stamps = tags
  }

  /// Whether the page `number` is known by `tag`, which then counts as used.
  mutating func find(_ tag: UInt64, number: UInt) -> Bool {
    let first = Int(number % setCount) * wayCount
    for place in first..<first + wayCount where tags[place] == tag {
      use(place)
      return true
    }
    return false
  }

  /// Notes a page that is not known, in the place of the one that was not used for longest.
  mutating func insert(_ tag: UInt64, number: UInt) {
    let first = Int(number % setCount) * wayCount
    var oldest = first
    for place in first..<first + wayCount where stamps[place] < stamps[oldest] { oldest = place }
    tags[oldest] = tag
    use(oldest)
  }

  private mutating func use(_ place: Int) {
    clock += 1
    stamps[place] = clock
  }
}
