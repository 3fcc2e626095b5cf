// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// A host to be measured: an x86-64 machine with equal nodes and the hole below 4 GiB.
public struct BenchmarkHost: Sendable {
  /// The bytes of memory.
  public var byteCount: UInt
  /// How many nodes share it.
  public var nodeCount: Int
  /// Whether it folds the descriptors of huge pages.
  public var isOptimizing: Bool

  /// A host with `byteCount` bytes, a multiple of 1 GiB per node.
  public init(byteCount: UInt, nodeCount: Int = 1, isOptimizing: Bool = true) {
    self.byteCount = byteCount
    self.nodeCount = nodeCount
    self.isOptimizing = isOptimizing
  }

  private static let gib: UInt = 1 << 30
  /// The order of a 2 MiB page.
  public static let hugeOrder = PageOrder(9)
  /// The order of a 1 GiB page.
  public static let giganticOrder = PageOrder(18)

  /// The end of physical memory: the bytes, and the hole of 1 GiB that devices have.
  private var end: UInt { byteCount + Self.gib }

  /// Boots a fresh twin of the host, with addresses up to `room` bytes for more.
  public func boot(room: UInt = 0) throws -> MemorySubsystem {
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(3 << 30), .usable),
      MemoryMapEntry(PhysicalAddress(4 << 30)..<PhysicalAddress(end), .usable),
    ])
    let line = isOptimizing ? "hugetlb_free_vmemmap=on" : "hugetlb_free_vmemmap=off"
    return try MemorySubsystem(
      BootConfiguration(
        memoryMap: map, layout: NodeLayout(ranges: nodeRanges), commandLine: Array(line.utf8)),
      on: HostedMachine(span: max(end, room)))
  }

  /// Equal shares in whole GiB; the last node has the rest.
  private var nodeRanges: [NodeRange] {
    let share = end / UInt(nodeCount) / Self.gib * Self.gib
    return (0..<nodeCount).map { number in
      let start = UInt(number) * share
      let end = number == nodeCount - 1 ? end : start + share
      return NodeRange(
        node: NodeID(number), range: PhysicalAddress(start)..<PhysicalAddress(end))
    }
  }
}

extension MemorySubsystem {
  /// How many pages of `order` fill `percent` per cent of what is free.
  public func pageCount(filling percent: UInt, of order: PageOrder) -> UInt {
    totals.freePageCount / 100 * percent / order.pageCount
  }
}
