// SPDX-License-Identifier: Apache-2.0

/// How a series of kernels reads the boot parameters of huge pages.
///
/// Code asks these rules, never a version number.
///
/// - Source: spec 05 section 15, spec 06 section 12.
public struct BootParameterRules: Equatable, Sendable {
  /// Who reads `hugetlb_free_vmemmap=`.
  public enum VmemmapSwitch: Equatable, Sendable {
    /// Exactly `on` or `off`.
    case onOrOff
    /// The parser of module parameters: a boolean, and no value means on.
    case coreParameter
    /// An early parser: a boolean, and no value is an error.
    case earlyParameter
  }

  /// When `hugepagesz=`, `hugepages=` and `default_hugepagesz=` take effect.
  public enum HugePageParsing: Equatable, Sendable {
    /// As they are met. A count of gigantic pages is set aside there and then, also where a later
    /// parameter changes it.
    case immediate
    /// They are collected early, as many and as long as there is room, and read before zones exist.
    case collected(textLimit: Int)
  }

  /// Who reads `hugetlb_free_vmemmap=`.
  public var vmemmapSwitch: VmemmapSwitch
  /// When huge page parameters take effect.
  public var hugePageParsing: HugePageParsing
  /// Which words are a boolean.
  public var switchWords: Parsing.SwitchWords
  /// Whether `hugepages=` and `hugetlb_cma=` take lists of nodes.
  public var readsNodeLists: Bool
  /// Whether there is `hugepage_alloc_threads=`.
  public var hasAllocationThreads: Bool
  /// Whether there is `hugetlb_cma_only=`.
  public var hasExclusiveContiguousPool: Bool
  /// Whether sizes in `hugetlb_cma=` are rounded up to whole pages, or have to be such.
  public var roundsContiguousSizes: Bool

  /// Creates rules; those not given are the newest.
  public init(
    vmemmapSwitch: VmemmapSwitch = .earlyParameter,
    hugePageParsing: HugePageParsing = .collected(textLimit: 2048),
    switchWords: Parsing.SwitchWords = .enabledAndDisabled, readsNodeLists: Bool = true,
    hasAllocationThreads: Bool = true, hasExclusiveContiguousPool: Bool = true,
    roundsContiguousSizes: Bool = false
  ) {
    self.vmemmapSwitch = vmemmapSwitch
    self.hugePageParsing = hugePageParsing
    self.switchWords = switchWords
    self.readsNodeLists = readsNodeLists
    self.hasAllocationThreads = hasAllocationThreads
    self.hasExclusiveContiguousPool = hasExclusiveContiguousPool
    self.roundsContiguousSizes = roundsContiguousSizes
  }

  /// The rules of Linux 5.14.
  public static let linux5_14 = Self(
    vmemmapSwitch: .onOrOff, hugePageParsing: .immediate, switchWords: .common,
    readsNodeLists: false, hasAllocationThreads: false, hasExclusiveContiguousPool: false,
    roundsContiguousSizes: true)
  /// The rules of Linux 6.1.
  public static let linux6_1 = Self(
    vmemmapSwitch: .coreParameter, hugePageParsing: .immediate, switchWords: .common,
    hasAllocationThreads: false, hasExclusiveContiguousPool: false, roundsContiguousSizes: true)
  /// The rules of Linux 6.12.
  public static let linux6_12 = linux6_1
  /// The rules of Linux 7.2.
  public static let linux7_2 = Self()
}
