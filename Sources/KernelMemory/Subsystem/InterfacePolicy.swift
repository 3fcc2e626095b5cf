// SPDX-License-Identifier: Apache-2.0

/// What one kernel shows in its files, as data.
///
/// The formats hardly ever change; lines and counters come and go.
///
/// - Source: spec 10 sections 3, 4, 7 and 12, spec 06 section 14.
public struct InterfacePolicy: Sendable {
  /// Groups of counters in `/proc/vmstat` that not every kernel has.
  public struct CounterGroups: OptionSet, Sendable {
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Bounce buffers.
    public static let bounce = Self(rawValue: 1 << 0)
    /// Page tables of others than processes, and pages promoted between memory tiers.
    public static let promotion = Self(rawValue: 1 << 1)
    /// Pages demoted between memory tiers, I/O page tables, and memory not accepted yet.
    public static let demotion = Self(rawValue: 1 << 2)
    /// Free pages in whole pageblocks, and pages of pools, of balloons and of vmalloc.
    public static let pools = Self(rawValue: 1 << 3)
  }

  /// The counters beyond those that every kernel has.
  public var counters: CounterGroups
  /// Whether `/proc/meminfo` has lines for compressed swap and secondary page tables.
  public var showsSecondaryPageTables: Bool
  /// Whether there is memory for contiguous allocation to show.
  public var showsContiguousAreas: Bool
  /// Whether `/proc/meminfo` has a line for memory that the guest has not accepted yet.
  public var showsUnacceptedMemory: Bool
  /// Whether `/proc/meminfo` has lines for balloons and graphics processors.
  public var showsBalloons: Bool
  /// Whether `/proc/zoneinfo` shows the watermark for promotion.
  public var showsPromotionWatermark: Bool
  /// Whether `/proc/zoneinfo` shows the limits of CPUs' lists and the high-atomic reserve.
  public var showsListLimits: Bool
  /// Whether `/proc/kpageflags` marks frames without a descriptor as such, or shows nothing.
  public var marksMissingPages: Bool
  /// Whether `/proc/kpageflags` shows a folio's marks at each of its pages.
  public var spreadsFolioMarks: Bool

  /// Whether a file tells if kernels that are started in a crash learn of added memory.
  public var tellsCrashHotplug = true
  /// Whether a file adds memory that nobody announces.
  public var hasProbe = false
  /// Whether nodes can be told to reclaim memory.
  public var reclaimsNodes = false
  /// The most that `watermark_scale_factor` can be.
  ///
  /// - Unit: ten-thousandths of a zone.
  public var largestScaleFactor: UInt = 3000

  /// Linux 5.14.
  public static let linux5_14 = Self(
    counters: [.bounce], showsSecondaryPageTables: false, showsContiguousAreas: false,
    showsUnacceptedMemory: false, showsBalloons: false, showsPromotionWatermark: false,
    showsListLimits: false, marksMissingPages: true, spreadsFolioMarks: false,
    tellsCrashHotplug: false, largestScaleFactor: 1000)

  /// Linux 6.1.
  public static let linux6_1 = Self(
    counters: [.bounce, .promotion], showsSecondaryPageTables: true, showsContiguousAreas: false,
    showsUnacceptedMemory: false, showsBalloons: false, showsPromotionWatermark: false,
    showsListLimits: false, marksMissingPages: true, spreadsFolioMarks: false,
    tellsCrashHotplug: false)

  /// Linux 6.12.
  public static let linux6_12 = Self(
    counters: [.bounce, .promotion, .demotion], showsSecondaryPageTables: true,
    showsContiguousAreas: false, showsUnacceptedMemory: true, showsBalloons: false,
    showsPromotionWatermark: true, showsListLimits: false, marksMissingPages: true,
    spreadsFolioMarks: true)

  /// Linux 7.2.
  public static let linux7_2 = Self(
    counters: [.promotion, .demotion, .pools], showsSecondaryPageTables: true,
    showsContiguousAreas: true, showsUnacceptedMemory: true, showsBalloons: true,
    showsPromotionWatermark: true, showsListLimits: true, marksMissingPages: false,
    spreadsFolioMarks: true, reclaimsNodes: true)

  /// The design to come adds and removes nothing; ours is configured so that a script can add memory.
  public static let unified = {
    var policy = linux7_2
    policy.hasProbe = true
    return policy
  }()
}
