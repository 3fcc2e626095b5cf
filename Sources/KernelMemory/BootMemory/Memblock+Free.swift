// SPDX-License-Identifier: Apache-2.0

/// Which memory a search in the boot allocator looks at.
///
/// - Linux: `should_skip_region()`.
struct MemblockFilter {
  /// The only node to look at, or `nil` for all.
  var node: NodeID?
  var wantsMirror = false
  var skipsHotPluggable = false

  func accepts(_ region: MemblockRegion) -> Bool {
    if let node, region.node != node { return false }
    if wantsMirror, !region.flags.contains(.mirror) { return false }
    if skipsHotPluggable, region.flags.contains(.hotPluggable) { return false }
    return region.flags.isDisjoint(with: [.noMap, .driverManaged])
  }
}

/// The free ranges of the boot allocator in ascending order.
///
/// A range never reaches over the border of two memory regions.
public struct MemblockFreeRanges: Sequence, IteratorProtocol, Sendable {
  let memory: [MemblockRegion]
  let reserved: [MemblockRegion]
  let filter: MemblockFilter
  private var memoryIndex: Int
  private var reservedIndex: Int
  private var position: PhysicalAddress

  init(_ memblock: Memblock, _ filter: MemblockFilter, from start: PhysicalAddress) {
    memory = memblock.memory.regions
    reserved = memblock.reserved.regions
    self.filter = filter
    memoryIndex = memblock.memory.firstIndex(endingAbove: start)
    reservedIndex = memblock.reserved.firstIndex(endingAbove: start)
    position = start
  }

  public mutating func next() -> MemblockFreeRange? {
    while memoryIndex < memory.count {
      let region = memory[memoryIndex]
      let start = Swift.max(position, region.range.lowerBound)
      guard start < region.range.upperBound, filter.accepts(region) else {
        memoryIndex += 1
        continue
      }
      while reservedIndex < reserved.count, reserved[reservedIndex].range.upperBound <= start {
        reservedIndex += 1
      }
      let isOpen = reservedIndex >= reserved.count
      let obstacle = isOpen ? region.range : reserved[reservedIndex].range
      position = isOpen ? region.range.upperBound : obstacle.upperBound
      let end = Swift.min(
        region.range.upperBound, isOpen ? region.range.upperBound : obstacle.lowerBound)
      guard start < end else { continue }
      if end == region.range.upperBound { position = end }
      return MemblockFreeRange(range: start..<end, node: region.node)
    }
    return nil
  }
}

/// A run of free bytes of one node.
public struct MemblockFreeRange: Equatable, Sendable {
  /// The bytes; never empty.
  public let range: Range<PhysicalAddress>
  /// The node with the memory, or `nil` where nobody said.
  public let node: NodeID?
}

extension Memblock {
  /// The free ranges of `node`, or of all memory, in ascending order.
  ///
  /// Memory outside the direct map and memory of drivers is never free.
  ///
  /// - Linux: `for_each_free_mem_range()`.
  public func freeRanges(on node: NodeID? = nil) -> MemblockFreeRanges {
    MemblockFreeRanges(self, MemblockFilter(node: node), from: PhysicalAddress(0))
  }

  /// The bytes that are free on `node`, or everywhere.
  public func freeByteCount(on node: NodeID? = nil) -> UInt {
    freeRanges(on: node).reduce(0) { $0 &+ $1.range.byteCount }
  }

  /// Tells whether all of `range` is memory and none of it is reserved.
  public func isFree(_ range: Range<PhysicalAddress>) -> Bool {
    guard let region = memory.region(containing: range.lowerBound) else { return false }
    return range.upperBound <= region.range.upperBound && !reserved.overlaps(range)
  }

  /// The node with the memory at `address`; `nil` in a hole or where nobody said.
  ///
  /// - Complexity: O(log *n*).
  /// - Linux: `memblock_search_pfn_nid()`.
  public func node(at address: PhysicalAddress) -> NodeID? {
    memory.region(containing: address)?.node
  }

  /// The memory of `node`, or all memory, as ranges of whole frames in ascending order.
  ///
  /// - Linux: `for_each_mem_pfn_range()`.
  public func frameRanges(on node: NodeID? = nil) -> [FrameRange] {
    memory.regions.compactMap { region in
      guard node == nil || region.node == node else { return nil }
      let frames = pageSize.wholePages(in: region.range)
      return frames.isEmpty ? nil : frames
    }
  }

  /// The number of whole pages of memory on `node`, or everywhere.
  public func presentPageCount(on node: NodeID? = nil) -> UInt {
    frameRanges(on: node).reduce(0) { $0 &+ $1.pageCount }
  }

  /// The end of the highest memory; zero if there is none.
  ///
  /// - Linux: `memblock_end_of_DRAM()`.
  public var memoryEnd: PhysicalAddress {
    memory.regions.last?.range.upperBound ?? PhysicalAddress(0)
  }
}
