// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension MemoryHotplug {
  /// Takes block `number` offline: what uses its memory moves elsewhere, and its zone loses it.
  ///
  /// Free huge pages become ordinary memory and so are lost to their pool, also if something else
  /// fails later; what was moved stays where it is.
  ///
  /// - Throws: ``HotplugError``; the block is online as before.
  /// - Linux: `memory_block_offline()`, `offline_pages()` (spec 08 section 5).
  func offline(_ number: UInt) throws(HotplugError) {
    try lock.withLock { () throws(HotplugError) in
      guard let block = blocks[number], block.state == .online, let index = block.zoneIndex,
        let node = topology.node(topology.zones[index].node)
      else { throw .invalid }
      blocks.update(number) { $0.state = .goingOffline }
      do throws(HotplugError) {
        try takeDown(block, from: topology.zones[index], of: node)
      } catch {
        blocks.update(number) { $0.state = .online }
        throw error
      }
    }
  }

  private func takeDown(
    _ block: MemoryBlock, from zone: Zone, of node: MemoryNode
  ) throws(HotplugError) {
    let frames = frames(ofBlock: block.number)
    let memory = usableFrames(of: block)
    guard hasNoHoles(frames, of: node) else { throw .invalid }
    let isolated = allocator.isolate(memory, of: zone)
    let isLast = blockOrder.pageCount >= presentPageCount(of: node)
    // Nobody was asked yet, so nobody is told.
    guard survey(isolated).unmovable == nil else {
      allocator.release(isolated)
      throw .busy
    }
    do throws(HotplugError) {
      try askToOffline(memory, node: node.id, isLast: isLast)
      try empty(isolated)
    } catch {
      allocator.release(isolated)
      tell(.memory(.cancelOffline, memory))
      if isLast { tellNode(.cancelRemovingLastMemory, node.id) }
      throw error
    }
    let bad = memory.pageCount &- allocator.remove(isolated)
    uncount(block, in: zone)
    forEachSection(of: frames) { number in
      topology.sections.update(number) { $0.marks.remove(.online) }
    }
    abandon(frames, of: zone)
    allocator.sizeReserves()
    blocks.update(block.number) { block in
      (block.state, block.zoneIndex, block.badPageCount) = (.offline, nil, bad)
    }
    if isLast { tellNode(.removedLastMemory, node.id) }
    tell(.memory(.offline, memory))
    if policy.hasPreparationEvents { tell(.memory(.finishOffline, memory)) }
  }

  /// Whether all of `frames` is memory of the node; that has descriptors.
  private func hasNoHoles(_ frames: FrameRange, of node: MemoryNode) -> Bool {
    guard let memory = node.ownMemory.range(with: frames.lowerBound) else { return false }
    return memory.upperBound >= frames.upperBound
  }

  private func presentPageCount(of node: MemoryNode) -> UInt {
    node.zoneIndexes.reduce(0) { $0 &+ topology.zones[$1].presentPageCount }
  }

  private func askToOffline(
    _ frames: FrameRange, node: NodeID, isLast: Bool
  ) throws(HotplugError) {
    do throws(HotplugVeto) {
      if isLast, policy.hasNodeEvents { try listeners.ask(.node(.removingLastMemory, node)) }
      try listeners.ask(.memory(.goingOffline, frames))
    } catch {
      throw .vetoed(error)
    }
  }

  // MARK: Emptying

  /// How often pages that are on their way somewhere are waited for.
  private static var patience: Int { 1000 }

  /// Moves and dissolves what is in isolated memory, until all of it is free.
  private func empty(_ isolated: IsolatedMemory) throws(HotplugError) {
    var rounds = 0
    while true {
      allocator.drainCPULists(of: isolated.zone)
      let found = survey(isolated)
      guard found.unmovable == nil else { throw .busy }
      if !found.pages.isEmpty || !found.frames.isEmpty {
        // A kernel that cannot move something goes on trying until it is interrupted.
        guard move(found) else { throw .interrupted }
        continue
      }
      try dissolve(isolated)
      if allocator.isFree(isolated) { return }
      rounds += 1
      guard rounds < Self.patience else { throw .busy }
      Machine.relaxWhileSpinning()
    }
  }

  /// Dissolves the huge pages of isolated memory; sections that are free as a whole hold none.
  private func dissolve(_ isolated: IsolatedMemory) throws(HotplugError) {
    let sections = topology.sections
    var start = isolated.frames.lowerBound
    while start < isolated.frames.upperBound {
      let number = sections.number(of: start)
      let end = min(sections.frames(of: number).upperBound, isolated.frames.upperBound)
      if !isolated.freeSections.contains(number) { try dissolve(start..<end) }
      start = end
    }
  }

  private func dissolve(_ frames: FrameRange) throws(HotplugError) {
    do throws(DissolveError) {
      try hugeTLB.dissolveFreePages(in: frames)
    } catch {
      throw error == .busy ? .busy : .outOfMemory
    }
  }

  /// Moves what was found to be movable.
  ///
  /// - Returns: false if nothing could be moved.
  private func move(_ found: RangeSurvey) -> Bool {
    var hasMoved = false
    for page in found.pages where (try? page.pool.migratePage(page.head)) != nil {
      hasMoved = true
    }
    for pfn in found.frames where move(pfn) { hasMoved = true }
    return hasMoved
  }

  /// Moves one frame, to another node if that has room.
  private func move(_ pfn: PageFrameNumber) -> Bool {
    guard let target = takeTarget(for: pfn) else { return false }
    guard allocator.movable.replace(pfn, with: target) else {
      allocator.freeFrame(target)
      return true
    }
    allocator.freeFrame(pfn)
    return true
  }

  private func takeTarget(for pfn: PageFrameNumber) -> PageFrameNumber? {
    guard let node = topology.nodeID(of: pfn), let position = topology.position(of: node) else {
      return nil
    }
    for index in allocator.zoneOrders[position] where topology.zones[index].node != node {
      let other = topology.zones[index].node
      if let target = allocator.allocateFrame(on: other, [.movable, .thisNode]) { return target }
    }
    return allocator.allocateFrame(on: node, [.movable, .thisNode])
  }
}
