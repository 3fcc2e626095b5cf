// SPDX-License-Identifier: Apache-2.0

/// What memory of a device is to the kernel: who reaches it, and what its references mean.
///
/// | type | processors reach it | references of an idle page | of the map |
/// |---|---|---|---|
/// | device-private | no | 0 | one for each page that the driver has handed out |
/// | coherent | yes | 0 | the same |
/// | fs-dax | yes | 0, or 1 in old kernels | one for each compound page |
/// | generic | yes | 1 | the same |
/// | peer-to-peer | over the bus | 0, or 1 in old kernels | the same |
///
/// Raw values are the kernel's; 0 is no type.
///
/// - Linux: `enum memory_type` (spec 07 section 2).
public enum DeviceMemoryType: UInt8, CaseIterable, Sendable {
  /// Memory that only the device reaches; a processor that touches it makes it migrate.
  case devicePrivate = 1
  /// Memory of a device that processors reach as their own.
  case coherent = 2
  /// Memory that a file system hands to processes.
  case fileSystemDAX = 3
  /// Memory that is mapped whole by whoever opens the device.
  case generic = 4
  /// A window of a device that other devices reach.
  case peerToPeer = 5

  /// The name in scripts and messages.
  public var name: StaticString {
    switch self {
    case .devicePrivate: "device-private"
    case .coherent: "coherent"
    case .fileSystemDAX: "fs-dax"
    case .generic: "generic"
    case .peerToPeer: "peer-to-peer"
    }
  }

  /// The type called `name`.
  public init?(named name: ArraySlice<UInt8>) {
    guard let type = Self.allCases.first(where: { $0.name.isEqual(to: name) }) else { return nil }
    self = type
  }

  /// Whether processors can load from it.
  public var isAddressable: Bool { self != .devicePrivate }

  /// Whether its pages are idle until the driver hands them out, and the map's references count
  /// those that are.
  var isHandedOut: Bool { self == .devicePrivate || self == .coherent }

  /// Whether somebody has to be named who tells its pages from those of other devices.
  var needsOwner: Bool { isHandedOut }
}
