// SPDX-License-Identifier: Apache-2.0

/// A range of persistent memory, and what it is set up as.
///
/// - Linux: `struct nd_namespace_common` (spec 07 section 1).
final class PersistentNamespace {
  /// Where it comes from.
  enum Origin {
    /// A module that the firmware describes.
    case module
    /// The old way, or `memmap=nn!ss`: its driver gives it descriptors at once.
    case legacy
  }

  let number: Int
  let range: Range<PhysicalAddress>
  let origin: Origin
  /// The node that it is near.
  let node: NodeID
  /// Descriptors of a range that is a plain disk.
  var diskMap: DevicePagemap?
  /// The device that it is set up as.
  var device: DAXDeviceID?

  init(number: Int, range: Range<PhysicalAddress>, origin: Origin, node: NodeID) {
    self.number = number
    self.range = range
    self.origin = origin
    self.node = node
  }
}

/// Where the descriptors of persistent memory live.
public enum DescriptorPlacement: Sendable {
  /// In ordinary memory: `map=mem`.
  case ordinaryMemory
  /// On the persistent memory itself: `map=dev`.
  case device
}

extension PersistentNamespace {
  /// The bytes at the start that the owner keeps for labels and the block that says what is here.
  ///
  /// - Source: spec 07 section 1.
  static var infoByteCount: UInt { 8 << 10 }

  /// How the namespace would be laid out as a device with pages of `alignment` bytes.
  ///
  /// ```
  /// start        + 8 KiB         + data offset                    end, rounded down
  ///  │ labels, info │ descriptors, if they live here │ data         │
  /// ```
  ///
  /// - Throws: ``DAXError/noAddress`` if no data would be left.
  func image(
    alignment: UInt, _ placement: DescriptorPlacement, granule: UInt, pageSize: PageSize
  ) throws(DAXError) -> DAXImage {
    let unit = max(alignment, granule)
    let start = range.lowerBound.rawValue
    guard start % granule == 0 else { throw .invalid }
    let end = range.upperBound.rawValue / unit * unit
    let info = Self.infoByteCount
    guard range.byteCount > info, end > start else { throw .noAddress }
    let describedCount = (range.byteCount - info) >> pageSize.shift
    let descriptors = placement == .device ? describedCount * DescriptorWords.byteCount : 0
    let (dataEnd, overflow) = (start + info).addingReportingOverflow(descriptors + unit - 1)
    guard !overflow else { throw .noAddress }
    let data = dataEnd / unit * unit
    guard data < end else { throw .noAddress }
    let frames =
      pageSize.frame(
        containing: range.lowerBound)..<pageSize.frame(
        containing: PhysicalAddress(end))
    let dataFrames = pageSize.frame(containing: PhysicalAddress(data))..<frames.upperBound
    let reserved = pageSize.pageCount(roundingUp: info)
    let altmap =
      placement == .device
      ? Altmap(
        of: frames, reservedCount: reserved,
        freeCount: dataFrames.lowerBound.rawValue - frames.lowerBound.rawValue - reserved) : nil
    return DAXImage(frames: frames, altmap: altmap, data: dataFrames, alignment: alignment)
  }
}
