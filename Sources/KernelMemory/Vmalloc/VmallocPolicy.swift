// SPDX-License-Identifier: Apache-2.0

/// How one kernel runs its vmalloc areas, as data.
///
/// Code asks the policy what to do and never which kernel it is.
///
/// - Source: spec 09 sections 2, 3, 4, 8 and 10.
public struct VmallocPolicy: Sendable {
  /// Which size decides whether an area without a wish for a node is mapped huge.
  public enum HugeDecision: Sendable {
    /// Each online node's share, as if the pages were dealt out to all of them.
    case sharePerNode
    /// The whole.
    case wholeSize
  }

  /// Whose areas may be mapped huge.
  public enum HugeUsers: Sendable {
    /// Everybody's.
    case everybody
    /// Those of whoever says that it can do with it.
    case whoeverAsks
  }

  /// What becomes of the alignment that a caller wants for a device's memory.
  public enum DeviceAlignment: Sendable {
    /// The mapping's own size replaces it.
    case ownSize
    /// The larger of the two counts.
    case largerOfBoth
  }

  /// How an empty table is taken away, so that a huge leaf can have its place.
  public enum TableRemoval: Sendable {
    /// Whoever walks the tables is waited for.
    case whenNobodyWalks
    /// Only if nobody walks them right now; otherwise base pages are mapped.
    case ifNobodyWalks
  }

  /// In which order `/proc/vmallocinfo` lists areas.
  public enum Listing: Sendable {
    case byAddress
    /// Grouped by shard: stripes of 16 pages are dealt out to as many shards as there are CPUs.
    case byShard
  }

  public var hugeDecision: HugeDecision
  public var hugeUsers: HugeUsers
  /// Whether pages for every area are first sought in blocks as large as can be had.
  public var startsWithLargeBlocks: Bool
  /// Whether areas below the size of a PMD are made of groups of entries where the architecture has
  /// such (the contiguous hint of arm64).
  public var usesEntryGroups: Bool
  public var deviceAlignment: DeviceAlignment
  public var tableRemoval: TableRemoval
  public var listing: Listing
  /// Whether `/proc/vmallocinfo` marks areas whose pages come later.
  public var marksSparseAreas: Bool

  /// Linux 5.14.
  ///
  /// Then every area could be huge unless its owner said no (spec 09 section 10, unverified).
  public static let linux5_14 = Self(
    hugeDecision: .sharePerNode, hugeUsers: .everybody, startsWithLargeBlocks: false,
    usesEntryGroups: false, deviceAlignment: .ownSize, tableRemoval: .whenNobodyWalks,
    listing: .byAddress, marksSparseAreas: false)

  /// Linux 6.1.
  public static let linux6_1 = Self(
    hugeDecision: .sharePerNode, hugeUsers: .whoeverAsks, startsWithLargeBlocks: false,
    usesEntryGroups: false, deviceAlignment: .ownSize, tableRemoval: .whenNobodyWalks,
    listing: .byAddress, marksSparseAreas: false)

  /// Linux 6.12.
  public static let linux6_12 = Self(
    hugeDecision: .sharePerNode, hugeUsers: .whoeverAsks, startsWithLargeBlocks: false,
    usesEntryGroups: false, deviceAlignment: .ownSize, tableRemoval: .whenNobodyWalks,
    listing: .byShard, marksSparseAreas: true)

  /// Linux 7.2.
  public static let linux7_2 = Self(
    hugeDecision: .wholeSize, hugeUsers: .whoeverAsks, startsWithLargeBlocks: true,
    usesEntryGroups: true, deviceAlignment: .ownSize, tableRemoval: .ifNobodyWalks,
    listing: .byShard, marksSparseAreas: true)

  /// The design to come: a device's mapping keeps the alignment that its owner wants.
  public static let unified = {
    var policy = linux7_2
    policy.deviceAlignment = .largerOfBoth
    return policy
  }()
}
