// SPDX-License-Identifier: Apache-2.0

/// Memory of one kind from which devices on the dax bus are made.
///
/// - Linux: `struct dax_region` (spec 07 section 6.1).
final class DAXRegion {
  /// Whether its devices can be changed.
  enum Kind {
    /// One device that has all of it, as the memory itself says.
    case fixed
    /// Devices are made, resized and deleted.
    case dynamic
  }

  let number: Int
  let frames: FrameRange
  /// What devices begin with.
  ///
  /// - Unit: bytes.
  let alignment: UInt
  /// The node that its memory would be ordinary memory of; nil for none.
  let targetNode: NodeID?
  /// The node that it is near.
  let node: NodeID
  let kind: Kind
  /// Whether its devices are meant to become ordinary memory.
  let isMeantForKmem: Bool
  /// Whether its devices describe themselves unless told otherwise.
  let describesItself: Bool
  var devices: [DAXDevice] = []
  /// The number of the next device.
  var nextNumber = 0

  init(
    number: Int, frames: FrameRange, alignment: UInt, targetNode: NodeID?, node: NodeID,
    kind: Kind, isMeantForKmem: Bool = false, describesItself: Bool = false
  ) {
    self.number = number
    self.frames = frames
    self.alignment = alignment
    self.targetNode = targetNode
    self.node = node
    self.kind = kind
    self.isMeantForKmem = isMeantForKmem
    self.describesItself = describesItself
  }

  /// The parts that devices have, ascending.
  var allocations: [FrameRange] {
    devices.flatMap { device in device.ranges.map { $0.frames } }
      .sorted { $0.lowerBound < $1.lowerBound }
  }

  /// The parts that no device has, ascending.
  var gaps: [FrameRange] {
    var gaps: [FrameRange] = []
    var start = frames.lowerBound
    for allocation in allocations {
      if start < allocation.lowerBound { gaps.append(start..<allocation.lowerBound) }
      start = max(start, allocation.upperBound)
    }
    if start < frames.upperBound { gaps.append(start..<frames.upperBound) }
    return gaps
  }

  /// The frames that no device has.
  ///
  /// - Unit: base pages.
  var availablePageCount: UInt { gaps.reduce(0) { $0 &+ $1.pageCount } }
}
