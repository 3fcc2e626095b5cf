// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import KernelMemory

/// A machine's memory as one truth value for each frame: slow and obvious.
struct AllocatorModel {
  /// Something that was allocated.
  struct Holding {
    let frames: FrameRange
    /// The order that it was asked for; nil for what is no power of two.
    let order: PageOrder?
    /// Each frame has a reference of its own.
    let isReferenced: Bool
  }

  private(set) var holdings: [Holding] = []
  private var isFree: [Bool]
  private let topology: MemoryTopology

  /// Begins with what is free now.
  init(_ allocator: PageAllocator) {
    topology = allocator.topology
    isFree = Array(repeating: false, count: Int(topology.end.rawValue))
    for block in FreeMemory(of: allocator).blocks { fill(block.frames, true) }
  }

  private mutating func fill(_ frames: FrameRange, _ value: Bool) {
    for pfn in frames { isFree[Int(pfn.rawValue)] = value }
  }

  /// Notes an allocation.
  ///
  /// - Returns: what is wrong with it, if anything.
  mutating func take(
    _ holding: Holding, node: Int, _ options: AllocationOptions
  ) -> String? {
    let frames = holding.frames
    defer {
      fill(frames, false)
      holdings.append(holding)
    }
    let name = "\(frames.lowerBound.rawValue)..<\(frames.upperBound.rawValue)"
    guard frames.upperBound <= topology.end, frames.allSatisfy({ isFree[Int($0.rawValue)] }) else {
      return "\(name) was not free"
    }
    if let order = holding.order, !frames.lowerBound.isAligned(to: order) {
      return "\(name) is not aligned"
    }
    for pfn in frames {
      guard let zone = topology.zone(of: pfn) else { return "\(name) is no memory" }
      if zone.kind > options.highestZone { return "\(name) lies in too high a zone" }
      if options.contains(.thisNode), zone.node != NodeID(node) {
        return "\(name) lies on another node"
      }
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

  /// The free pages of a zone.
  func freePageCount(of zone: Zone) -> UInt {
    var count: UInt = 0
    for memory in topology.nodes.first(where: { $0.id == zone.node })?.memory ?? [] {
      for pfn in memory.clamped(to: zone.span) where isFree[Int(pfn.rawValue)] { count += 1 }
    }
    return count
  }

  /// Whether an aligned block of `order` is free as a whole in a zone, and its first frame passes
  /// `isSuitable`.
  func hasFreeBlock(
    _ order: PageOrder, in zone: Zone, where isSuitable: (PageFrameNumber) -> Bool = { _ in true }
  ) -> Bool {
    var start = zone.span.lowerBound.aligned(upTo: order)
    while start.rawValue + order.pageCount <= zone.span.upperBound.rawValue {
      let frames = FrameRange(start: start, pageCount: order.pageCount)
      let isWhole = frames.allSatisfy {
        isFree[Int($0.rawValue)] && topology.zone(of: $0) === zone
      }
      if isWhole, isSuitable(start) { return true }
      start = frames.upperBound
    }
    return false
  }
}
