// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A run of one node's memory that is good for the same requests.
///
/// The counts are what `/proc/zoneinfo` shows. ``managedPageCount`` changes when reserved memory is
/// released; span and presence change with hot-plug.
///
/// - Linux: `struct zone`.
final class Zone: Sendable {
  /// The zone's place in ``MemoryTopology/zones``.
  let index: Int
  let node: NodeID
  let kind: ZoneKind
  /// Where the zone's memory lies.
  let extent: ZoneExtent
  /// Where it lay at boot. Zones that share a section have their memory in it from then, and it stays
  /// there, however far a zone reaches later.
  let bootSpan: FrameRange
  /// Frames with memory.
  ///
  /// - Unit: base pages.
  let present: Atomic<UInt>
  /// Frames given to the page allocator so far.
  ///
  /// - Unit: base pages.
  let managed = Atomic<UInt>(0)
  /// Frames with memory that was there at boot and is online.
  ///
  /// - Unit: base pages.
  /// - Linux: `zone->present_early_pages`.
  let earlyPresent: Atomic<UInt>
  /// Managed frames that are set aside for contiguous allocation.
  let contiguousArea = Atomic<UInt>(0)
  /// Frames that are tables of the kernel's address space made since boot.
  ///
  /// - Unit: base pages.
  let tablePageCount = Atomic<Int>(0)

  init(index: Int, node: NodeID, kind: ZoneKind, span: FrameRange, presentPageCount: UInt) {
    self.index = index
    self.node = node
    self.kind = kind
    extent = ZoneExtent(span)
    bootSpan = span
    present = Atomic(presentPageCount)
    earlyPresent = Atomic(presentPageCount)
  }

  /// The frames from the first to the last, holes included.
  var span: FrameRange { extent.frames }

  /// Frames with memory.
  ///
  /// - Unit: base pages.
  var presentPageCount: UInt { present.load(ordering: .relaxed) }

  /// Frames from the first to the last, holes included.
  ///
  /// - Unit: base pages.
  var spannedPageCount: UInt { span.pageCount }

  /// Frames given to the page allocator so far.
  ///
  /// - Unit: base pages.
  var managedPageCount: UInt { managed.load(ordering: .relaxed) }

  /// Whether the zone has memory at all.
  var isPopulated: Bool { presentPageCount > 0 }

  /// What descriptors of the zone's frames say about their place.
  var place: UInt64 { DescriptorPlace.bits(node: node, zone: kind) }
}
