// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension MemoryHotplug {
  /// Adds the memory at `range` to `node`; its blocks are offline, or go online at once if that is
  /// the default.
  ///
  /// - Throws: ``HotplugError``; nothing changed. That a block did not go online is no error.
  /// - Linux: `add_memory_resource()` (spec 08 section 3).
  func add(
    _ range: Range<PhysicalAddress>, to node: NodeID, _ options: AddOptions = [],
    source: AddedMemory.Source = .platform, group: MemoryGroupID? = nil
  ) throws(HotplugError) {
    let frames = try lock.withLock { () throws(HotplugError) in
      try addLocked(range, to: node, options, source, group)
    }
    let type = settings.defaultType
    guard type != .offline else { return }
    for number in blockNumbers(of: frames) { try? online(number, as: type) }
  }

  private func addLocked(
    _ range: Range<PhysicalAddress>, to node: NodeID, _ options: AddOptions,
    _ source: AddedMemory.Source, _ group: MemoryGroupID?
  ) throws(HotplugError) -> FrameRange {
    guard range.upperBound.rawValue <= reach else { throw .outOfReach }
    guard !isOccupied(range, for: source) else { throw .exists }
    let size = blockOrder.pageCount &<< format.pageSize.shift
    guard !range.isEmpty, range.lowerBound.rawValue % size == 0,
      range.upperBound.rawValue % size == 0
    else { throw .invalid }
    let owner = try owner(of: group, or: node)
    let frames = format.pageSize.wholePages(in: range)
    let wasOnline = owner.presence.isOnline.exchange(true, ordering: .relaxed)
    do throws(HotplugError) {
      try describe(frames, node: owner.id, group, isSelfHosted: hostsItself(frames, options))
    } catch {
      owner.presence.isOnline.store(wasOnline, ordering: .relaxed)
      throw error
    }
    note(AddedMemory(range: range, source: source), merging: options.contains(.mergesResource))
    return frames
  }

  /// One more than the highest address that descriptors and tables can be made for.
  private var reach: UInt {
    let described = topology.sections.limit &<< UInt(topology.sections.order.rawValue)
    return min(described &<< format.pageSize.shift, 1 &<< format.physicalAddressBits)
  }

  /// Whether somebody has claimed some of `range`.
  ///
  /// Memory of a device may become memory of the system: its driver has claimed it already.
  private func isOccupied(_ range: Range<PhysicalAddress>, for source: AddedMemory.Source) -> Bool {
    if added.contains(where: { $0.range.overlaps(range) }) { return true }
    return firmwareMap.entries.contains { entry in
      guard entry.range.overlaps(range) else { return false }
      switch entry.kind {
      case .persistent, .legacyPersistent, .softReserved: return source == .platform
      default: return true
      }
    }
  }

  private func owner(of group: MemoryGroupID?, or node: NodeID) throws(HotplugError) -> MemoryNode {
    if group != nil, self.group(group) == nil { throw .invalid }
    guard let owner = topology.node(self.group(group)?.node ?? node) else { throw .invalid }
    return owner
  }

  /// Whether the blocks of `frames` will hold their own descriptors.
  private func hostsItself(_ frames: FrameRange, _ options: AddOptions) -> Bool {
    guard options.contains(.memmapOnMemory), memmapOnMemory.isPossible else { return false }
    switch policy.selfHosting {
    case .everyBlock: return true
    case .singleBlock: return frames.pageCount == blockOrder.pageCount
    }
  }

  // MARK: Descriptors

  /// Gives `frames` descriptors and makes their blocks.
  private func describe(
    _ frames: FrameRange, node: NodeID, _ group: MemoryGroupID?, isSelfHosted: Bool
  ) throws(HotplugError) {
    let numbers = blockNumbers(of: frames)
    guard blocks.blocks(in: numbers).isEmpty else { throw .exists }
    guard isSelfHosted else {
      var none: Altmap?
      try populate(frames, node: node, &none)
      for number in numbers { insert(number, node: node, group, nil) }
      return
    }
    var done = numbers.lowerBound
    do throws(HotplugError) {
      while done < numbers.upperBound {
        try describeSelfHosted(done, node: node, group)
        done &+= 1
      }
    } catch {
      for number in numbers.lowerBound..<done { discard(number) }
      throw error
    }
  }

  /// Gives the block `number` descriptors that lie on it.
  private func describeSelfHosted(
    _ number: UInt, node: NodeID, _ group: MemoryGroupID?
  ) throws(HotplugError) {
    let frames = frames(ofBlock: number)
    let count = memmapOnMemory.framePageCount
    let shift = format.pageSize.shift
    // Whatever the memory was before, its descriptors begin blank.
    vmemmap.machine.clearContents(
      at: format.pageSize.address(of: frames.lowerBound), byteCount: count &<< shift)
    var altmap: Altmap? = Altmap(of: frames, freeCount: count)
    try populate(frames, node: node, &altmap)
    insert(number, node: node, group, altmap)
  }

  private func populate(
    _ frames: FrameRange, node: NodeID, _ altmap: inout Altmap?
  ) throws(HotplugError) {
    do throws(PopulationError) {
      try population.add(DescribedMemory(frames: frames, node: node), &altmap)
    } catch {
      throw HotplugError(error)
    }
  }

  private func insert(
    _ number: UInt, node: NodeID, _ group: MemoryGroupID?, _ altmap: Altmap?
  ) {
    let block = MemoryBlock(
      number: number, state: .offline, nodes: [node], altmap: altmap, group: group)
    let isNew = blocks.insert(block)
    precondition(isNew, "nobody else makes blocks meanwhile")
  }

  /// Takes a block and its descriptors away.
  func discard(_ number: UInt) {
    guard let block = blocks[number] else { return }
    blocks.remove(number..<number &+ 1)
    var altmap = block.altmap
    population.remove(
      DescribedMemory(frames: frames(ofBlock: number), node: block.nodes.first ?? NodeID(0)),
      &altmap)
    // Whoever counts bad memory has no part in what is gone.
    hugeTLB.poisonedPageCount.wrappingSubtract(block.badPageCount, ordering: .relaxed)
    precondition(altmap?.usedCount ?? 0 == 0, "a block's descriptors come back to where they lay")
  }

  // MARK: Resources

  private func note(_ memory: AddedMemory, merging: Bool) {
    changeAdded { added in
      guard merging else { return added.append(memory) }
      var merged = memory
      added.removeAll { other in
        guard other.source == memory.source else { return false }
        if other.range.upperBound == merged.range.lowerBound {
          merged.range = other.range.lowerBound..<merged.range.upperBound
        } else if other.range.lowerBound == merged.range.upperBound {
          merged.range = merged.range.lowerBound..<other.range.upperBound
        } else {
          return false
        }
        return true
      }
      added.append(merged)
    }
  }
}

extension HotplugError {
  /// Why memory got no descriptors.
  init(_ error: PopulationError) {
    switch error {
    case .invalid, .notSupported: self = .invalid
    case .exists: self = .exists
    case .outOfFrames: self = .outOfMemory
    }
  }
}
