// SPDX-License-Identifier: Apache-2.0

/// What an operation on several folios carries from one to the next.
///
/// Frames that fell out of the vmemmap wait here until the flush that follows their removal; fresh
/// frames are drawn in runs. ``VmemmapOptimizer/finish(_:)`` ends it.
struct FoldingBatch: ~Copyable {
  /// Frames that are no longer mapped but may still be in a TLB.
  var freed = FrameRuns()
  /// Fresh frames for the vmemmap, by node: neighbours in a list may take turns.
  private var supplies: [FrameSupply] = []
  /// How many frames to draw at a time.
  private let runLength: UInt
  /// Whether fresh frames read as zero.
  private let isCleared: Bool
  /// Where the entries of the folio's descriptors are: neighbours have theirs in the same table.
  var cursor = TableCursor()
  /// Whether every folio of the batch that may be folded is known to have entries of its own.
  var isSplit = false

  /// An empty batch that draws fresh frames `runLength` at a time.
  init(runLength: UInt, isCleared: Bool = false) {
    (self.runLength, self.isCleared) = (runLength, isCleared)
  }

  /// Fresh neighbouring frames near `node`, up to `count`, as `options` say; nil if there are none.
  ///
  /// - Precondition: a batch always asks with the same options.
  @inline(__always)
  mutating func takeFrames(
    upTo count: UInt, on node: NodeID, _ options: AllocationOptions, from allocator: PageAllocator
  ) -> FrameRange? {
    for index in supplies.indices where supplies[index].node == node {
      return supplies[index].take(upTo: count, from: allocator)
    }
    supplies.append(
      FrameSupply(node: node, options: options, runLength: runLength, isCleared: isCleared))
    return supplies[supplies.count &- 1].take(upTo: count, from: allocator)
  }

  /// Gives back the fresh frames that were not used.
  mutating func returnSupply(to allocator: PageAllocator) {
    for index in supplies.indices { supplies[index].returnRest(to: allocator) }
    supplies.removeAll()
  }
}
