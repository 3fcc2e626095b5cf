// SPDX-License-Identifier: Apache-2.0

// Memory that comes and goes, as the platform or a driver asks for it.

/// A memory block at a moment.
public struct MemoryBlockSummary: Equatable, Sendable {
  /// The block's number.
  public var number: UInt
  /// Its frames.
  public var frames: FrameRange
  /// Whether the allocators have its memory.
  public var isOnline: Bool
  /// The frames at its start that hold its own descriptors.
  ///
  /// - Unit: base pages.
  public var selfHostedPageCount: UInt
}

extension MemorySubsystem {
  /// Adds the memory at `range` to `node`.
  ///
  /// - Throws: ``HotplugError``; nothing changed.
  public func addMemory(
    _ range: Range<PhysicalAddress>, to node: NodeID, _ options: AddOptions = [],
    source: AddedMemory.Source = .platform
  ) throws(HotplugError) {
    try hotplug.add(range, to: node, options, source: source)
  }

  /// Removes the memory at `range`, all of which is offline.
  ///
  /// - Throws: ``HotplugError``; nothing changed.
  public func removeMemory(_ range: Range<PhysicalAddress>) throws(HotplugError) {
    try hotplug.remove(range)
  }

  /// All memory blocks, ascending.
  public var memoryBlocks: [MemoryBlockSummary] {
    hotplug.blocks.all.map { block in
      MemoryBlockSummary(
        number: block.number, frames: hotplug.frames(ofBlock: block.number),
        isOnline: block.state != .offline, selfHostedPageCount: block.selfHostedPageCount)
    }
  }

  /// The node that memory plugged in at `address` belongs to, as firmware says; the first one where it
  /// says nothing.
  public func nodeOfMemory(at address: PhysicalAddress) -> NodeID {
    layout.node(at: address) ?? layout.firstNode
  }

  /// Memory that was added after boot.
  public var addedMemory: [AddedMemory] { hotplug.added }
}
