// SPDX-License-Identifier: Apache-2.0

/// Regions in ascending order that never overlap and are merged as far as they can be.
///
/// Two regions that touch and have equal traits do not exist (predicate P-PHYS 1).
/// All changes go through one function, ``rewrite(_:_:)``, which decides piece by piece what
/// becomes of a range and its gaps, so the order and the merging are kept in one place.
///
/// - Linux: `struct memblock_type`.
public struct MemblockRegionList: Equatable, Sendable {
  /// The regions, ascending.
  public private(set) var regions: [MemblockRegion] = []

  /// Creates an empty list.
  init() {}

  /// The bytes in all regions.
  public var byteCount: UInt { regions.reduce(0) { $0 &+ $1.range.byteCount } }

  /// The index of the first region that ends above `address`.
  ///
  /// - Complexity: O(log *n*).
  func firstIndex(endingAbove address: PhysicalAddress) -> Int {
    regions.partitionPoint { $0.range.upperBound > address }
  }

  /// The region with the byte at `address`.
  ///
  /// - Complexity: O(log *n*).
  public func region(containing address: PhysicalAddress) -> MemblockRegion? {
    let index = firstIndex(endingAbove: address)
    guard index < regions.count, regions[index].range.contains(address) else { return nil }
    return regions[index]
  }

  /// Tells whether some region has a byte of `range`.
  public func overlaps(_ range: Range<PhysicalAddress>) -> Bool {
    let index = firstIndex(endingAbove: range.lowerBound)
    return index < regions.count && regions[index].range.overlaps(range)
  }

  /// Adds what `range` has of gaps; regions that are there already keep their traits.
  mutating func insert(_ range: Range<PhysicalAddress>, _ traits: MemblockTraits) {
    rewrite(range) { $0 ?? traits }
  }

  /// Takes `range` away, splitting the regions at its ends.
  mutating func remove(_ range: Range<PhysicalAddress>) {
    rewrite(range) { _ in nil }
  }

  /// Changes the traits of what regions have of `range`; gaps stay gaps.
  mutating func update(
    _ range: Range<PhysicalAddress>, _ change: (inout MemblockTraits) -> Void
  ) {
    rewrite(range) { traits in
      guard var changed = traits else { return nil }
      change(&changed)
      return changed
    }
  }

  /// Decides anew about each piece of `range`, be it inside a region or a gap.
  ///
  /// - Parameter decide: gets the traits of the piece, `nil` for a gap, and returns the new ones.
  /// - Complexity: O(log *n*) and the regions in `range`, plus moving the regions behind it.
  mutating func rewrite(
    _ range: Range<PhysicalAddress>, _ decide: (MemblockTraits?) -> MemblockTraits?
  ) {
    guard !range.isEmpty else { return }
    // Touching neighbours take part, since they may merge.
    let first = regions.partitionPoint { $0.range.upperBound >= range.lowerBound }
    var last = first
    var pieces: [MemblockRegion] = []
    var position = range.lowerBound
    while last < regions.count, regions[last].range.lowerBound <= range.upperBound {
      let region = regions[last]
      last += 1
      Self.append(region.range.clamped(to: Self.below(range)), region.traits, to: &pieces)
      let inside = region.range.clamped(to: range)
      if !inside.isEmpty {
        Self.append(position..<inside.lowerBound, decide(nil), to: &pieces)
        Self.append(inside, decide(region.traits), to: &pieces)
        position = inside.upperBound
      }
      if region.range.upperBound > range.upperBound {
        Self.append(position..<range.upperBound, decide(nil), to: &pieces)
        position = range.upperBound
        let outside = max(region.range.lowerBound, range.upperBound)
        Self.append(outside..<region.range.upperBound, region.traits, to: &pieces)
      }
    }
    // Only if nothing stands above the range that has already closed it.
    if position < range.upperBound {
      Self.append(position..<range.upperBound, decide(nil), to: &pieces)
    }
    regions.replaceSubrange(first..<last, with: pieces)
  }

  private static func below(_ range: Range<PhysicalAddress>) -> Range<PhysicalAddress> {
    PhysicalAddress(0)..<range.lowerBound
  }

  /// Appends a piece, merging it with the one before if they touch and are alike.
  private static func append(
    _ range: Range<PhysicalAddress>, _ traits: MemblockTraits?, to pieces: inout [MemblockRegion]
  ) {
    guard let traits, !range.isEmpty else { return }
    if let last = pieces.last, last.traits == traits, last.range.upperBound == range.lowerBound {
      pieces[pieces.count - 1].range = last.range.lowerBound..<range.upperBound
    } else {
      pieces.append(MemblockRegion(range, traits))
    }
  }
}
