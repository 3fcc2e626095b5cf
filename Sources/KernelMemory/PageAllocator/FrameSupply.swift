// SPDX-License-Identifier: Apache-2.0

/// A stock of single frames on one node, drawn from the free lists a run at a time.
///
/// Work that needs many frames takes them from here, and they lie together: a batch pays for the
/// zone's lock once a run. Each frame counts as one allocation of its own, and may be made to fail as
/// such. What is left over goes back with ``returnRest(to:)``.
struct FrameSupply {
  let node: NodeID
  private let options: AllocationOptions
  /// How many frames to fetch at a time.
  private let runLength: UInt
  /// Whether they read as zero.
  private let isCleared: Bool
  private var stock = PageFrameNumber(0)..<PageFrameNumber(0)

  /// A stock of frames on `node`, as `options` say.
  init(
    node: NodeID, options: AllocationOptions, runLength: UInt, isCleared: Bool = false
  ) {
    self.node = node
    self.options = options
    self.runLength = runLength
    self.isCleared = isCleared
  }

  /// The next frames, up to `count`, with one reference each; nil if there are none.
  @inline(__always)
  mutating func take(upTo count: UInt, from allocator: PageAllocator) -> FrameRange? {
    let wanted = stock.isEmpty ? 1 : min(count, stock.pageCount)
    let granted = allocator.machine.failures.takesPages(wanted)
    if granted == 0 || stock.isEmpty && !refill(from: allocator) { return nil }
    let frames = FrameRange(start: stock.lowerBound, pageCount: granted)
    stock = frames.upperBound..<stock.upperBound
    allocator.machine.cost.add(granted, to: .framesAllocated)
    allocator.events.allocatedPages.add(granted, from: allocator.machine.counterWriters)
    return frames
  }

  /// The next frame, with one reference; nil if there is none.
  @inline(__always)
  mutating func take(from allocator: PageAllocator) -> PageFrameNumber? {
    take(upTo: 1, from: allocator)?.lowerBound
  }

  /// Fetches a run; false if there is none.
  private mutating func refill(from allocator: PageAllocator) -> Bool {
    guard let run = allocator.takeRun(upTo: runLength, on: node, options) else { return false }
    stock = run
    if isCleared { allocator.clearContents(of: run) }
    return true
  }

  /// Gives the unused frames back.
  mutating func returnRest(to allocator: PageAllocator) {
    if !stock.isEmpty { allocator.returnRun(stock) }
    stock = PageFrameNumber(0)..<PageFrameNumber(0)
  }
}

extension PageAllocator {
  /// Takes up to `count` single frames that lie together off the free lists of one zone.
  ///
  /// - Returns: at least one frame, each with one reference; nil if no zone may give one.
  fileprivate func takeRun(
    upTo count: UInt, on node: NodeID, _ options: AllocationOptions
  ) -> FrameRange? {
    guard let position = topology.position(of: node) else { return nil }
    return takeRun(upTo: count, at: position, node, options, keeping: .low)
      ?? takeRun(upTo: count, at: position, node, options, keeping: .minimum)
  }

  private func takeRun(
    upTo count: UInt, at position: Int, _ node: NodeID, _ options: AllocationOptions,
    keeping mark: KeptMark
  ) -> FrameRange? {
    for index in zoneOrders[position] {
      let zone = topology.zones[index]
      if zone.kind > options.highestZone { continue }
      if options.contains(.thisNode), zone.node != node { continue }
      if let run = takeRun(upTo: count, fromZone: index, options, keeping: mark) { return run }
    }
    return nil
  }

  private func takeRun(
    upTo count: UInt, fromZone index: Int, _ options: AllocationOptions, keeping mark: KeptMark
  ) -> FrameRange? {
    let lists = freeLists[index]
    let type = options.migrateType
    // What is left of blocks cut before comes first; a new large block is cut only after that.
    let largest = largestBlock(at: PageFrameNumber(0), pageCount: max(count, 1))
    for order in stride(from: largest.index, through: 0, by: -1) {
      let order = PageOrder(order)
      guard allows(order, in: lists, options, keeping: mark) else { continue }
      if let pfn = lists.lock.withLock({ removeBlock(order, listedAs: type, from: lists) }) {
        return prepare(FrameRange(start: pfn, pageCount: order.pageCount), in: lists.zone)
      }
    }
    for order in stride(from: largest.index, through: 0, by: -1) {
      let order = PageOrder(order)
      guard allows(order, in: lists, options, keeping: mark) else { continue }
      if let pfn = lists.lock.withLock({ removeBlock(order, type, from: lists) }) {
        return prepare(FrameRange(start: pfn, pageCount: order.pageCount), in: lists.zone)
      }
    }
    guard allows(.page, in: lists, options, keeping: mark),
      let pfn = cpuLists[index].take(.page, type, vmemmap, machine.currentCPU)
    else { return nil }
    return prepare(FrameRange(start: pfn, pageCount: 1), in: lists.zone)
  }

  /// Makes bare frames single ones with one reference each.
  private func prepare(_ frames: FrameRange, in zone: Zone) -> FrameRange {
    vmemmap.initialize(frames, place: zone.place, references: 1)
    return frames
  }

  /// Puts frames of a run that nobody used back.
  fileprivate func returnRun(_ frames: FrameRange) {
    guard let zone = topology.zone(of: frames.lowerBound) else { return }
    vmemmap.initialize(frames, place: zone.place, references: 0)
    let lists = freeLists[zone.index]
    lists.lock.withLock { insertRange(frames, in: lists) }
  }
}
