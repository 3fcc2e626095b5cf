// SPDX-License-Identifier: Apache-2.0

/// How one kernel treats memory of devices, as data.
///
/// - Source: spec 07 sections 5 and 11.
public struct DevicePolicy: Sendable {
  /// Whether pages of file systems and of peers begin without a reference; otherwise with one, which
  /// they are given back when the last user leaves.
  public var idlePagesHaveNoReference: Bool
  /// Whether the driver must have a callback for pages that become free, whatever their type; without
  /// one a free page stays as it is.
  public var needsFreeCallback: Bool
  /// Whether device-private memory can be handed out in more than single pages.
  public var hasLargePrivateFolios: Bool
  /// Whether compound pages larger than the largest folio are refused.
  public var limitsFolioOrder: Bool
  /// Whether device-DAX has a driver that makes a device the store of a file system.
  public var hasFileSystemDriver: Bool
  /// Whether a device that becomes ordinary memory may describe itself.
  public var canDescribeItself: Bool

  /// Linux 5.14 and 6.1.
  public static let linux6_1 = Self(
    idlePagesHaveNoReference: false, needsFreeCallback: true, hasLargePrivateFolios: false,
    limitsFolioOrder: false, hasFileSystemDriver: false, canDescribeItself: false)

  /// Linux 6.12.
  public static let linux6_12 = Self(
    idlePagesHaveNoReference: false, needsFreeCallback: true, hasLargePrivateFolios: false,
    limitsFolioOrder: false, hasFileSystemDriver: false, canDescribeItself: true)

  /// Linux 7.2, and what is to come.
  public static let linux7_2 = Self(
    idlePagesHaveNoReference: true, needsFreeCallback: false, hasLargePrivateFolios: true,
    limitsFolioOrder: true, hasFileSystemDriver: true, canDescribeItself: true)

  /// The references of a page that nobody uses.
  func idleReferences(_ type: DeviceMemoryType) -> UInt32 {
    switch type {
    case .devicePrivate, .coherent: 0
    case .generic: 1
    case .fileSystemDAX, .peerToPeer: idlePagesHaveNoReference ? 0 : 1
    }
  }
}
