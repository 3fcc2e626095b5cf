// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// A machine's memory frame by frame: slow and obvious.
struct AllocatorModel {
  /// Something that was allocated.
  struct Holding {
    let frames: FrameRange
    /// The order that it was asked for.
    let order: PageOrder
    /// Each frame has a reference of its own.
    let isReferenced: Bool
  }

  private(set) var holdings: [Holding] = []
  /// Whether each frame is free.
  private var isFree: [Bool]
  /// Each frame's zone, or -1 where there is no memory.
  private let zones: [Int]
  /// The free frames of each zone.
  private(set) var freePageCounts: [Int]
  private let topology: MemoryTopology

  /// Begins with what is free now.
  init(_ allocator: PageAllocator) {
    topology = allocator.topology
    var zones = Array(repeating: -1, count: Int(topology.end.rawValue))
    for node in topology.nodes {
      for memory in node.memory {
        for pfn in memory { zones[Int(pfn.rawValue)] = topology.zone(of: pfn)?.index ?? -1 }
      }
    }
    self.zones = zones
    isFree = Array(repeating: false, count: zones.count)
    freePageCounts = topology.zones.map { _ in 0 }
    for block in FreeMemory(of: allocator).blocks { fill(block.frames, true) }
  }

  private func indexes(of frames: FrameRange) -> Range<Int> {
    Int(frames.lowerBound.rawValue)..<Int(frames.upperBound.rawValue)
  }

  private mutating func fill(_ frames: FrameRange, _ value: Bool) {
    for index in indexes(of: frames) {
      isFree[index] = value
      freePageCounts[zones[index]] += value ? 1 : -1
    }
  }

  /// Notes an allocation.
  ///
  /// - Returns: what is wrong with it, if anything.
  mutating func take(
    _ holding: Holding, node: Int, _ options: AllocationOptions
  ) -> String? {
    let frames = holding.frames
    if let fault = fault(of: holding, node: node, options) {
      return "\(frames.lowerBound.rawValue)..<\(frames.upperBound.rawValue) \(fault)"
    }
    fill(frames, false)
    holdings.append(holding)
    return nil
  }

  private func fault(of holding: Holding, node: Int, _ options: AllocationOptions) -> String? {
    guard holding.frames.upperBound <= topology.end else { return "is no memory" }
    if !holding.frames.lowerBound.isAligned(to: holding.order) { return "is not aligned" }
    for index in indexes(of: holding.frames) {
      if zones[index] < 0 { return "is no memory" }
      if !isFree[index] { return "was not free" }
      let zone = topology.zones[zones[index]]
      if zone.kind > options.highestZone { return "lies in too high a zone" }
      if options.contains(.thisNode), zone.node != NodeID(node) { return "lies on another node" }
    }
    return nil
  }

  /// Notes that something came back, and returns what it was.
  mutating func giveBack(_ index: Int) -> Holding? {
    guard !holdings.isEmpty else { return nil }
    let holding = holdings.remove(at: index % holdings.count)
    fill(holding.frames, true)
    return holding
  }

  /// The place of what is held from `pfn` on.
  func index(ofHoldingAt pfn: PageFrameNumber) -> Int? {
    holdings.firstIndex { $0.frames.lowerBound == pfn }
  }

  /// Whether an aligned block of `order` is free as a whole in a zone, and its first frame passes
  /// `isSuitable`.
  func hasFreeBlock(
    _ order: PageOrder, in zone: Zone, where isSuitable: (PageFrameNumber) -> Bool
  ) -> Bool {
    var start = zone.span.lowerBound.aligned(upTo: order)
    while start.rawValue + order.pageCount <= zone.span.upperBound.rawValue {
      let frames = FrameRange(start: start, pageCount: order.pageCount)
      let isWhole = indexes(of: frames).allSatisfy { isFree[$0] && zones[$0] == zone.index }
      if isWhole, isSuitable(start) { return true }
      start = frames.upperBound
    }
    return false
  }
}
