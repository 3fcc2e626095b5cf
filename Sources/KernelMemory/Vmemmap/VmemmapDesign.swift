// SPDX-License-Identifier: Apache-2.0

/// How one kernel folds the descriptors of huge pages, as data.
///
/// The historical designs are constants of this type; ``unified`` is where the kernel is going and
/// our default. Code asks the design what to do and never which kernel it is.
///
/// - Source: spec 05 section 18.
public struct VmemmapDesign: Sendable {
  /// What the vmemmap pages of a folded folio's tails are mapped to.
  public enum TailTarget: Sendable {
    /// The folio's own second vmemmap page, which holds nothing but tails.
    case ownSecondPage
    /// The folio's own first vmemmap page: heads appear where tails belong.
    case ownHeadPage
    /// One page for all folios of the same zone and order.
    case sharedPage
  }

  /// What becomes of a folio's first vmemmap page.
  public enum HeadCopy: Sendable {
    /// It stays where it is, and keeps the block around it from merging.
    case none
    /// It moves to a fresh frame if there is one.
    case preferred
    /// It moves to a fresh frame, or the folio is not folded.
    case required
  }

  /// How many folios share the flushes of one operation.
  public enum Batching: Sendable {
    /// Each folio flushes its own range.
    case none
    /// A list of folios flushes once after splitting and once after remapping.
    case lists
  }

  /// When a folio is found to lie on memory that describes itself.
  public enum SelfHostedCheck: Sendable {
    /// Before anything is tried: the folio is passed over in silence.
    case beforehand
    /// On the way through the page tables: an error.
    case duringWalk
  }

  /// What becomes of gigantic pages that the boot allocator sets aside.
  public enum BootFolding: Sendable {
    /// Their vmemmap is populated like any other's and folded once the kernel is up.
    case afterBoot
    /// Their vmemmap is mapped folded from the start and never populated.
    case beforePopulation
  }

  /// When a grace period passes, so that readers who found a descriptor by its frame's number are
  /// done with it.
  ///
  /// Such a reader may have seen a reference where now is a tail, and be about to add another one: a
  /// store to a page that has become read-only.
  public enum ReaderWait: Sendable {
    /// Nobody waits.
    case never
    /// Before descriptors are folded.
    case beforeFolding
    /// Before they are folded, and before they are unfolded.
    case always
  }

  /// How the descriptors of device memory in compound pages are mapped.
  public struct DeviceFolding: Sendable {
    /// The vmemmap pages that each compound page keeps.
    public var privatePageCount: UInt
    /// Compound pages with no more vmemmap pages than this are not folded.
    public var largestUnfolded: UInt
    /// Whether tails map the page that huge pages of the zone and order share, read-only; otherwise
    /// they map the compound page's own second page, which can be written.
    public var sharesTails: Bool
    /// Whether the kernel counts pages that are not there.
    public var countsFoldedPages: Bool
  }

  /// The name by which a user asks for the design.
  public var name: StaticString
  /// Where marks lie in descriptors and how tails name their head.
  public var descriptors: DescriptorFormat
  /// The vmemmap pages that each folded folio keeps.
  public var privatePageCount: UInt
  public var tailTarget: TailTarget
  public var headCopy: HeadCopy
  public var batching: Batching
  public var selfHostedCheck: SelfHostedCheck
  public var bootFolding: BootFolding
  /// How hard a restore tries for frames, and where.
  public var restoreOptions: AllocationOptions
  public var readerWait: ReaderWait
  /// Whether the kernel counts vmemmap pages.
  public var countsVmemmapPages: Bool
  /// Whether tables of the kernel's own address space count as page tables.
  public var countsKernelTables: Bool
  /// Whether the switch can be changed while the kernel runs.
  public var hasRuntimeSwitch: Bool
  /// What becomes of descriptors of device memory; nil if they are never folded.
  public var devices: DeviceFolding?
  /// Whether only x86-64 has the feature; otherwise every architecture that allows a live entry to
  /// be replaced.
  public var isLimitedToX86: Bool

  /// Linux 5.14, where it began: two private pages, no switch.
  public static let linux5_14 = Self(
    name: "5.14", descriptors: .linux6_1, privatePageCount: 2, tailTarget: .ownSecondPage,
    headCopy: .none, batching: .none, selfHostedCheck: .beforehand, bootFolding: .afterBoot,
    restoreOptions: [.noRetry], readerWait: .never, countsVmemmapPages: false,
    countsKernelTables: false, hasRuntimeSwitch: false, devices: nil, isLimitedToX86: true)

  /// Linux 6.1: one private page that the tails map again.
  public static let linux6_1 = Self(
    name: "6.1", descriptors: .linux6_1, privatePageCount: 1, tailTarget: .ownHeadPage,
    headCopy: .none, batching: .none, selfHostedCheck: .beforehand, bootFolding: .afterBoot,
    restoreOptions: [.noRetry, .thisNode], readerWait: .never, countsVmemmapPages: false,
    countsKernelTables: false, hasRuntimeSwitch: true,
    devices: DeviceFolding(
      privatePageCount: 2, largestUnfolded: 1, sharesTails: false, countsFoldedPages: true),
    isLimitedToX86: true)

  /// Linux 6.12: head pages move, lists flush once, readers are waited for.
  public static let linux6_12 = Self(
    name: "6.12", descriptors: .linux6_12, privatePageCount: 1, tailTarget: .ownHeadPage,
    headCopy: .preferred, batching: .lists, selfHostedCheck: .duringWalk, bootFolding: .afterBoot,
    restoreOptions: [.retryMayFail], readerWait: .always, countsVmemmapPages: true,
    countsKernelTables: false, hasRuntimeSwitch: true,
    devices: DeviceFolding(
      privatePageCount: 2, largestUnfolded: 2, sharesTails: false, countsFoldedPages: true),
    isLimitedToX86: false)

  /// Linux 7.2: one shared tail page for each zone and order.
  public static let linux7_2 = Self(
    name: "7.2", descriptors: .linux7_2, privatePageCount: 1, tailTarget: .sharedPage,
    headCopy: .required, batching: .lists, selfHostedCheck: .duringWalk,
    bootFolding: .beforePopulation, restoreOptions: [.retryMayFail], readerWait: .never,
    countsVmemmapPages: true, countsKernelTables: true, hasRuntimeSwitch: true,
    devices: DeviceFolding(
      privatePageCount: 2, largestUnfolded: 2, sharesTails: false, countsFoldedPages: false),
    isLimitedToX86: false)

  /// The design to come: sections know what they describe, for huge pages and devices alike.
  public static let unified = {
    var design = linux7_2
    design.name = "unified"
    // The shared tail's count is 0, but what the reader saw may have been there before it.
    design.readerWait = .beforeFolding
    design.devices = DeviceFolding(
      privatePageCount: 1, largestUnfolded: 1, sharesTails: true, countsFoldedPages: false)
    return design
  }()
}

extension VmemmapDesign {
  /// Whether kernels of this design fold on an architecture with such page tables at all.
  ///
  /// - Source: spec 05 section 18, spec 03 section 7.
  public func supports(_ format: PagingFormat) -> Bool {
    guard format.allowsLiveRemap else { return false }
    return !isLimitedToX86 || format.regime == .x86FourLevel || format.regime == .x86FiveLevel
  }

  /// The frames that folding a folio described by `pageCount` vmemmap pages gives back; 0 if it
  /// cannot be folded.
  ///
  /// - Linux: `hugetlb_vmemmap_optimizable_size()`.
  func savedPageCount(ofDescribing pageCount: UInt) -> UInt {
    pageCount > privatePageCount ? pageCount &- privatePageCount : 0
  }
}
