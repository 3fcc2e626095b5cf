// SPDX-License-Identifier: Apache-2.0

/// How one kernel runs its pools of huge pages, as data.
///
/// - Source: spec 06 section 16.
public struct HugePagePolicy: Sendable {
  /// Whether a request for one node's pages counts the surplus of the other nodes too.
  public var countsSurplusInNodeRequests: Bool
  /// Whether free surplus pages are left out of what a shrinking pool may give up.
  public var shrinksPersistentPagesOnly: Bool
  /// Whether pages join and leave the pool in lists, or one at a time.
  public var handlesLists: Bool
  /// Whether dissolving a page of a node with surplus lowers the surplus.
  public var dissolveAdjustsSurplus: Bool
  /// Whether gigantic pages may be allocated beyond the pool's size.
  public var allowsGiganticSurplus: Bool
  /// Whether a limit for such pages may be set at all.
  public var allowsGiganticOvercommit: Bool
  /// Whether gigantic pages can be made movable.
  public var hasMovableGiganticSwitch: Bool
  /// Whether in-use pages are counted for `/proc/vmstat`.
  public var countsPagesInUse: Bool

  /// Linux 5.14 and 6.1.
  public static let linux6_1 = Self(
    countsSurplusInNodeRequests: true, shrinksPersistentPagesOnly: false, handlesLists: false,
    dissolveAdjustsSurplus: false, allowsGiganticSurplus: false, allowsGiganticOvercommit: false,
    hasMovableGiganticSwitch: false, countsPagesInUse: false)

  /// Linux 6.12.
  public static let linux6_12 = Self(
    countsSurplusInNodeRequests: false, shrinksPersistentPagesOnly: false, handlesLists: true,
    dissolveAdjustsSurplus: false, allowsGiganticSurplus: false, allowsGiganticOvercommit: false,
    hasMovableGiganticSwitch: false, countsPagesInUse: false)

  /// Linux 7.2, and what is to come.
  public static let linux7_2 = Self(
    countsSurplusInNodeRequests: false, shrinksPersistentPagesOnly: true, handlesLists: true,
    dissolveAdjustsSurplus: true, allowsGiganticSurplus: true, allowsGiganticOvercommit: true,
    hasMovableGiganticSwitch: true, countsPagesInUse: true)
}
