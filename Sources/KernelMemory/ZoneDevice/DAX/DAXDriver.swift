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

/// How devices become ordinary memory: whoever adds and removes memory has to do it.
///
/// Without it the driver `kmem` is not there, and `device_dax` takes its devices.
struct SystemMemoryBackend: Sendable {
  /// The order of a memory block: only whole ones are added.
  var blockOrder: @Sendable () -> PageOrder
  /// Adds frames as memory of a node, described by itself or not.
  ///
  /// - Returns: false if that is not possible; nothing has changed.
  var add: @Sendable (_ frames: FrameRange, _ node: NodeID, _ describesItself: Bool) -> Bool
  /// Takes the frames away again; false if some are in use as memory.
  var remove: @Sendable (_ frames: FrameRange) -> Bool
  /// Whether added memory can describe itself, as the kernel was started.
  var canDescribeItself: @Sendable () -> Bool
}
