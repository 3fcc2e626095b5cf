// SPDX-License-Identifier: Apache-2.0

extension AddressTree {
  /// What a free stretch has to be.
  struct Wish {
    /// How long.
    ///
    /// - Unit: bytes.
    var byteCount: UInt
    /// What it starts at a multiple of: a power of two.
    var alignment: UInt
    /// Within which addresses.
    var bounds: Range<VirtualAddress>

    /// The first place for the stretch in a gap.
    func start(in gap: Range<VirtualAddress>) -> VirtualAddress? {
      let (up, overflows) = gap.lowerBound.rawValue.addingReportingOverflow(alignment &- 1)
      let start = VirtualAddress(up & ~(alignment &- 1))
      guard !overflows, start < gap.upperBound,
        gap.upperBound.rawValue &- start.rawValue >= byteCount
      else { return nil }
      return start
    }
  }

  /// Where the lowest free stretch begins that `wish` is sure to fit into: one that has room for it
  /// wherever it is aligned. Only if there is none, the lowest that it happens to fit into.
  ///
  /// - Complexity: O(log *n*); O(*n*) before it is given up.
  func lowestFreeStart(for wish: Wish, granule: UInt) -> VirtualAddress? {
    let slack = wish.alignment > granule ? wish.alignment &- granule : 0
    let (sure, overflows) = wish.byteCount.addingReportingOverflow(slack)
    if !overflows, let start = lowestFreeStart(in: wish.bounds, under: root, atLeast: sure, wish) {
      return start
    }
    guard slack > 0 else { return nil }
    return lowestFreeStart(in: wish.bounds, under: root, atLeast: wish.byteCount, wish)
  }

  func lowestFreeStart(
    in gap: Range<VirtualAddress>, under place: Place, atLeast byteCount: UInt, _ wish: Wish
  ) -> VirtualAddress? {
    guard gap.byteCount >= byteCount else { return nil }
    guard place != Self.nowhere else { return wish.start(in: gap) }
    let node = nodes[Int(place)]
    guard node.hasGap(in: gap, atLeast: byteCount) else { return nil }
    if gap.lowerBound < node.range.lowerBound {
      let before = gap.lowerBound..<min(gap.upperBound, node.range.lowerBound)
      if let start = lowestFreeStart(in: before, under: node.left, atLeast: byteCount, wish) {
        return start
      }
    }
    guard node.range.upperBound < gap.upperBound else { return nil }
    let behind = max(gap.lowerBound, node.range.upperBound)..<gap.upperBound
    return lowestFreeStart(in: behind, under: node.right, atLeast: byteCount, wish)
  }
}

extension AddressTree.Node {
  /// Whether a free stretch of `byteCount` bytes can lie in `gap`, which holds what is at and below
  /// the node and nothing else.
  func hasGap(in gap: Range<VirtualAddress>, atLeast byteCount: UInt) -> Bool {
    if widestGap >= byteCount { return true }
    let before = gap.lowerBound..<max(gap.lowerBound, min(extent.lowerBound, gap.upperBound))
    let behind = min(gap.upperBound, max(extent.upperBound, gap.lowerBound))..<gap.upperBound
    return before.byteCount >= byteCount || behind.byteCount >= byteCount
  }
}
