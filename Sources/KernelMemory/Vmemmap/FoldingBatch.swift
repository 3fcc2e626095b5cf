// SPDX-License-Identifier: Apache-2.0

/// What an operation on several folios carries from one to the next.
///
/// Frames that fell out of the vmemmap wait here until the flush that follows their removal; fresh
/// frames are drawn in runs. ``VmemmapOptimizer/finish(_:)`` ends it.
struct FoldingBatch: ~Copyable {
  /// Frames that are no longer mapped but may still be in a TLB.
  var freed = FrameRuns()
  /// Fresh frames for the vmemmap, all for one node.
  private var supply: FrameSupply?
  /// How many frames to draw at a time.
  private let runLength: UInt

  /// An empty batch that draws fresh frames `runLength` at a time.
  init(runLength: UInt) { self.runLength = runLength }

  /// A fresh frame, as `options` say; nil if there is none.
  @inline(__always)
  mutating func takeFrame(
    on node: NodeID, _ options: AllocationOptions, from allocator: PageAllocator
  ) -> PageFrameNumber? {
    if supply?.serves(node, options) != true {
      returnSupply(to: allocator)
      supply = FrameSupply(node: node, options: options, runLength: runLength)
    }
    return supply?.take(from: allocator)
  }

  /// Gives back the fresh frames that were not used.
  mutating func returnSupply(to allocator: PageAllocator) {
    supply?.returnRest(to: allocator)
    supply = nil
  }
}
