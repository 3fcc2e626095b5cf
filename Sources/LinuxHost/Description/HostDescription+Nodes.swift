// SPDX-License-Identifier: Apache-2.0

extension HostDescription {
  /// One NUMA node: memory and processors that are close to each other.
  public struct Node: Hashable, Codable, Sendable {
    /// The node's number.
    public var id: Int
    /// Its processors, ascending; may be empty.
    public var processors: [Int]
    /// Its memory under the page allocator, ascending byte addresses; empty for a memoryless node.
    public var memory: [Range<UInt>]
    /// The distance to each node, in the order of ``HostDescription/nodes``; empty if not known.
    public var distances: [UInt]
    /// The node's `MemTotal`, in bytes.
    public var total: UInt?
    /// The node's `MemFree`, in bytes.
    public var free: UInt?
    /// The node's part of each huge page pool.
    public var hugePages: [NodeHugePages]

    /// Whether the node has no memory under the page allocator.
    public var isMemoryless: Bool { memory.isEmpty }

    /// The bytes in ``memory``.
    public var memoryBytes: UInt { memory.reduce(0) { $0 &+ UInt($1.count) } }
  }

  /// One huge page pool.
  ///
  /// - Unit: huge pages, except for ``pageBytes``.
  /// - Linux: `/sys/kernel/mm/hugepages` (spec 10 section 2).
  public struct HugePages: Hashable, Codable, Sendable {
    /// Bytes in one huge page.
    public var pageBytes: UInt
    /// Whether this is the size that the kernel uses when nobody names one.
    public var isDefault: Bool
    /// Pages in the pool, surplus included.
    public var total: UInt?
    /// Pages nobody uses.
    public var free: UInt?
    /// Free pages that are promised.
    public var reserved: UInt?
    /// Pages beyond the size that was asked for.
    public var surplus: UInt?
    /// How many surplus pages there may be.
    public var overcommit: UInt?
  }

  /// A node's part of one huge page pool.
  ///
  /// - Unit: huge pages, except for ``pageBytes``.
  public struct NodeHugePages: Hashable, Codable, Sendable {
    /// Bytes in one huge page.
    public var pageBytes: UInt
    /// Pages of the pool on this node.
    public var total: UInt?
    /// Those nobody uses.
    public var free: UInt?
    /// Those beyond the size that was asked for.
    public var surplus: UInt?
  }
}
