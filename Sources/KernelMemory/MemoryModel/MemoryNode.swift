// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A run of memory that belongs to one node.
public struct NodeMemory: Equatable, Sendable {
  /// The node.
  public var node: NodeID
  /// Its frames.
  public var frames: FrameRange

  /// Says that `frames` belong to `node`.
  public init(node: NodeID, frames: FrameRange) {
    self.node = node
    self.frames = frames
  }
}

/// Memory and processors that are near each other.
///
/// A node may have no memory; then it has no populated zone and only borrows.
///
/// - Linux: `pg_data_t`.
struct MemoryNode: Sendable {
  let id: NodeID
  /// Whether the kernel knows the node yet.
  let presence: NodePresence
  /// The node's memory that is online.
  let ownMemory: MemoryRanges
  /// Memory of devices near the node: it has descriptors and is nobody's to allocate.
  let deviceMemory = MemoryRanges()
  /// The node's zones, as indexes into ``MemoryTopology/zones``, lowest kind first.
  let zoneIndexes: [Int]
  /// Distance to each node, by ``MemoryTopology/nodes`` index.
  let distances: [Int]

  /// The node's memory that is online, ascending.
  var memory: [FrameRange] { ownMemory.ranges }

  var hasMemory: Bool { !memory.isEmpty }

  /// Whether the node is there: one that has nothing but addresses for memory to come is not.
  var isOnline: Bool { presence.isOnline.load(ordering: .relaxed) }
}

/// Whether a node is there; hot-plug changes it while others look.
final class NodePresence: Sendable {
  let isOnline: Atomic<Bool>

  init(isOnline: Bool) { self.isOnline = Atomic(isOnline) }
}
