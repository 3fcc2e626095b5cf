// SPDX-License-Identifier: Apache-2.0

/// One device on the dax bus: some ranges of a region, one behind the other.
///
/// - Linux: `struct dev_dax`.
final class DAXDevice {
  /// A part of the device.
  struct Part {
    /// The number in `mapping<N>`.
    let number: Int
    var frames: FrameRange
    /// Where it begins in the device.
    ///
    /// - Unit: base pages.
    var offset: UInt
  }

  let id: DAXDeviceID
  /// Whether its size and alignment are fixed.
  let isFixed: Bool
  /// What is mapped for a fixed device: more than its data.
  let image: DAXImage?
  var ranges: [Part] = []
  /// The size of its pages, and what its size is a multiple of.
  ///
  /// - Unit: bytes.
  var alignment: UInt
  /// The node that it would be ordinary memory of; nil for none.
  let targetNode: NodeID?
  /// The node that it is near.
  let node: NodeID
  /// Whether it is meant to become ordinary memory.
  let isMeantForKmem: Bool
  /// Whether it describes itself as ordinary memory.
  var describesItself: Bool
  /// What it is used as.
  var driver: DAXDriver?
  /// Its descriptors, while it is used by itself.
  var pagemap: DevicePagemap?
  /// Processes' mappings of it.
  var mappings: [DAXMapping] = []
  /// The parts that are ordinary memory.
  var systemMemory: [FrameRange] = []
  /// The group of their blocks.
  var systemMemoryGroup: MemoryGroupID?
  private var nextPart = 0

  init(_ id: DAXDeviceID, in region: DAXRegion, image: DAXImage? = nil) {
    self.id = id
    isFixed = region.kind == .fixed
    self.image = image
    alignment = image?.alignment ?? region.alignment
    targetNode = region.targetNode
    node = region.node
    isMeantForKmem = region.isMeantForKmem
    describesItself = region.describesItself
  }

  /// - Unit: base pages.
  var pageCount: UInt { ranges.reduce(0) { $0 &+ $1.frames.pageCount } }

  /// Adds a part at the end; one that continues the last one prolongs it.
  func append(_ frames: FrameRange, mayProlong: Bool = true) {
    if mayProlong, let last = ranges.last, last.frames.upperBound == frames.lowerBound {
      ranges[ranges.count - 1].frames = last.frames.lowerBound..<frames.upperBound
      return
    }
    ranges.append(Part(number: nextPart, frames: frames, offset: pageCount))
    nextPart += 1
  }

  /// Gives up `count` pages at the end.
  ///
  /// - Precondition: it has as many.
  func dropLast(_ count: UInt) {
    var left = count
    while left > 0, let last = ranges.last {
      let end = last.frames.upperBound.rawValue &- min(left, last.frames.pageCount)
      left &-= min(left, last.frames.pageCount)
      if end == last.frames.lowerBound.rawValue {
        ranges.removeLast()
      } else {
        ranges[ranges.count - 1].frames = last.frames.lowerBound..<PageFrameNumber(end)
      }
    }
  }

  /// The frame at `offset` pages from the start; nil behind the end.
  ///
  /// - Linux: `dax_pgoff_to_phys()`.
  func frame(at offset: UInt) -> PageFrameNumber? {
    for part in ranges where offset >= part.offset {
      let within = offset &- part.offset
      if within < part.frames.pageCount {
        return PageFrameNumber(part.frames.lowerBound.rawValue &+ within)
      }
    }
    return nil
  }
}

/// What persistent memory says about itself: where a device's data is, and what is before it.
struct DAXImage {
  /// All that is mapped: what describes the data, and the data.
  let frames: FrameRange
  let altmap: Altmap?
  let data: FrameRange
  /// - Unit: bytes.
  let alignment: UInt
}
