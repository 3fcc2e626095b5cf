// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory of a device that is to have descriptors, and what they are for.
///
/// ```
///             map                    unmap                      last reference
///  unmapped ───────▶ mapped ────────────────────▶ draining ────────────────────▶ unmapped
///                    look-ups succeed             look-ups find it and fail
/// ```
///
/// - Linux: `struct dev_pagemap` (spec 07 section 2).
final class DevicePagemap: @unchecked Sendable {
  /// Where a map is in its life.
  enum State: UInt8, AtomicRepresentable {
    case unmapped, mapping, mapped, draining, unmapping
  }

  let type: DeviceMemoryType
  /// The memory, in whole subsections.
  let ranges: [FrameRange]
  /// The order of the compound pages that the memory consists of.
  ///
  /// - Linux: `vmemmap_shift`.
  let folioOrder: PageOrder
  /// Where descriptors should lie; nil for near the current CPU.
  let preferredNode: NodeID?
  /// Tells the maps of one driver from those of others; 0 for nobody.
  let owner: UInt
  let callbacks: DeviceCallbacks
  /// The frames for descriptors on the memory itself; guarded by the hot-plug lock while mapped.
  var altmap: Altmap?
  /// Who relies on the map.
  let references = PagemapReferences()
  let state = Atomic<State>(.unmapped)
  /// How many of the ranges are mapped; guarded by whoever changes the state.
  var mappedRangeCount = 0
  /// The zone that the memory belongs to while it is mapped.
  var zone: Zone?
  /// The word by which descriptors name the map.
  var token: UInt64 = 0
  /// How often somebody who waited for a page was woken because nobody uses it any more.
  let wakeUps = Atomic<UInt>(0)

  /// Describes memory; nothing happens yet.
  init(
    _ type: DeviceMemoryType, _ ranges: [FrameRange], folioOrder: PageOrder = .page,
    altmap: Altmap? = nil, node: NodeID? = nil, owner: UInt = 0,
    callbacks: DeviceCallbacks = DeviceCallbacks()
  ) {
    self.type = type
    self.ranges = ranges
    self.folioOrder = folioOrder
    self.altmap = altmap
    preferredNode = node
    self.owner = owner
    self.callbacks = callbacks
  }

  /// Whether the memory consists of compound pages for as long as it is mapped.
  var isCompound: Bool { folioOrder > .page }

  /// The frames of range `index` that are not for descriptors or the owner's own use.
  ///
  /// - Linux: `pfn_first()`, `pfn_end()`.
  func dataFrames(ofRange index: Int) -> FrameRange {
    let frames = ranges[index]
    guard index == 0, let altmap else { return frames }
    let offset = min(altmap.offset, frames.pageCount)
    return PageFrameNumber(frames.lowerBound.rawValue &+ offset)..<frames.upperBound
  }

  /// The compound pages in the data of range `index`.
  func folioCount(ofRange index: Int) -> UInt {
    dataFrames(ofRange: index).pageCount &>> UInt(folioOrder.rawValue)
  }

  /// Whether `pfn` is data of the device and no metadata.
  ///
  /// - Linux: `pgmap_pfn_valid()`.
  func hasData(at pfn: PageFrameNumber) -> Bool {
    ranges.indices.contains { dataFrames(ofRange: $0).contains(pfn) }
  }

  /// What of `pfn`'s range gets descriptors, and how.
  func described(_ frames: FrameRange, near node: NodeID, _ zone: Zone) -> DescribedMemory {
    DescribedMemory(frames: frames, node: node, folioOrder: folioOrder, zone: zone)
  }
}
