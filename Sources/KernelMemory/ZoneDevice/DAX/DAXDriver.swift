// SPDX-License-Identifier: Apache-2.0

/// What becomes of a device on the dax bus.
public enum DAXDriver: Int, CaseIterable, Sendable {
  /// Processes map it.
  case device
  /// It is ordinary memory.
  case kmem
  /// A file system lives on it.
  case fileSystem

  /// The name of the driver and its module.
  public var name: StaticString {
    switch self {
    case .device: "device_dax"
    case .kmem: "kmem"
    case .fileSystem: "fsdev_dax"
    }
  }
}
