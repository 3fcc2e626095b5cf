// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension MemoryHotplug {
  /// Brings block `number` online: a zone gets its memory, and the allocator gives it out.
  ///
  /// - Throws: ``HotplugError/invalid`` unless there is such a block and it is offline,
  ///   ``HotplugError/poisoned``, ``HotplugError/vetoed(_:)``; nothing changed.
  /// - Linux: `memory_block_online()` (spec 08 section 4).
  func online(_ number: UInt, as type: OnlineType) throws(HotplugError) {
    try lock.withLock { () throws(HotplugError) in
      guard type != .offline, let block = blocks[number], block.state == .offline else {
        throw .invalid
      }
      guard block.badPageCount == 0 else { throw .poisoned }
      guard let zone = zone(for: block, type), let node = topology.node(zone.node) else {
        throw .invalid
      }
      try bring(block, into: zone, of: node)
    }
  }

  private func bring(
    _ block: MemoryBlock, into zone: Zone, of node: MemoryNode
  ) throws(HotplugError) {
    let frames = frames(ofBlock: block.number)
    let memory = usableFrames(of: block)
    let isFirst = !node.hasMemory
    let isFirstForKernel = zone.kind <= .normal && !hasKernelMemory(node)
    try prepareOnline(memory)
    allocator.attach(frames, to: zone)
    markSelfHosted(of: block, in: zone)
    do throws(HotplugVeto) {
      try askToOnline(memory, node: node.id, isFirst: isFirst)
    } catch {
      tell(.memory(.cancelOnline, memory))
      if isFirst { tellNode(.cancelAddingFirstMemory, node.id) }
      abandon(frames, of: zone)
      if policy.hasPreparationEvents { tell(.memory(.finishOffline, memory)) }
      throw .vetoed(error)
    }
    count(block, in: zone)
    forEachSection(of: frames) { number in
      topology.sections.update(number) { $0.marks.insert(.online) }
    }
    allocator.manage(memory, end: .back)
    blocks.update(block.number) { block in
      (block.state, block.zoneIndex) = (.online, zone.index)
    }
    allocator.sizeReserves()
    if isFirstForKernel { takeFrames(of: node.id) }
    if isFirst { tellNode(.addedFirstMemory, node.id) }
    tell(.memory(.online, memory))
  }

  /// The frames of a block that do not hold its descriptors.
  func usableFrames(of block: MemoryBlock) -> FrameRange {
    let frames = frames(ofBlock: block.number)
    return PageFrameNumber(
      frames.lowerBound.rawValue &+ block.selfHostedPageCount)..<frames.upperBound
  }

  private func hasKernelMemory(_ node: MemoryNode) -> Bool {
    node.zoneIndexes.contains { index in
      topology.zones[index].kind <= .normal && topology.zones[index].isPopulated
    }
  }

  // MARK: Self-hosted descriptors

  /// Says in the descriptors of the frames that hold descriptors what they are; nobody moves them.
  ///
  /// - Linux: `mhp_init_memmap_on_memory()`.
  private func markSelfHosted(of block: MemoryBlock, in zone: Zone) {
    let frames = frames(ofBlock: block.number)
    allocator.setMigrateType(.movable, frames)
    let own = frames.lowerBound..<usableFrames(of: block).lowerBound
    guard !own.isEmpty else { return }
    let place = zone.place | vmemmap.format.selfHosted
    vmemmap.initialize(own, place: place, references: 1)
    allocator.setMigrateType(.unmovable, own)
  }

  /// Takes a block's memory out of its zone again, and drops what its descriptors say.
  func abandon(_ frames: FrameRange, of zone: Zone) {
    allocator.detach(frames, from: zone)
    allocator.setMigrateType(.movable, frames)
    forgetDescriptors(of: frames)
  }

  /// Makes all descriptors of `frames` blank: they belong to no zone, and nobody looks at them.
  private func forgetDescriptors(of frames: FrameRange) {
    let size = format.pageSize
    let addresses = vmemmap.addresses(describing: frames)
    var address = addresses.lowerBound
    while address < addresses.upperBound {
      let isTable = optimizer.tables.existingTable(for: address, level: 0) != nil
      let step = isTable ? size.byteCount : format.pmdByteCount
      let next = min(
        address.rounded(downToBytes: step).advanced(byBytes: step), addresses.upperBound)
      if let frame = optimizer.tables.frame(mappedAt: address) {
        clear(address..<next, in: frame)
      }
      address = next
    }
  }

  /// Clears the part of a frame, or of several that lie together, that is mapped at `addresses`.
  private func clear(_ addresses: Range<VirtualAddress>, in frame: PageFrameNumber) {
    let size = format.pageSize
    let offset = addresses.lowerBound.rawValue & (size.byteCount &- 1)
    let count = addresses.upperBound.rawValue &- addresses.lowerBound.rawValue
    if offset == 0, count & (size.byteCount &- 1) == 0 {
      return vmemmap.machine.clearContents(at: size.address(of: frame), byteCount: count)
    }
    // Sections so small that others' descriptors are in the same page.
    let first = vmemmap.frame(at: UInt64(addresses.lowerBound.rawValue))
    for pfn in FrameRange(start: first, pageCount: count / DescriptorWords.byteCount) {
      vmemmap.with(pfn) { $0.reset(flags: 0, counts: DescriptorCounts(rawValue: 0)) }
    }
  }

  // MARK: Counts

  /// Counts a block's memory where it is now.
  private func count(_ block: MemoryBlock, in zone: Zone) {
    let pages = blockOrder.pageCount
    zone.present.wrappingAdd(pages, ordering: .relaxed)
    if block.isEarly { zone.earlyPresent.wrappingAdd(pages, ordering: .relaxed) }
    count(Int(pages), of: block.group, in: zone)
  }

  /// Counts a block's memory where it was no more.
  func uncount(_ block: MemoryBlock, in zone: Zone) {
    let pages = blockOrder.pageCount
    zone.present.wrappingSubtract(pages, ordering: .relaxed)
    if block.isEarly { zone.earlyPresent.wrappingSubtract(pages, ordering: .relaxed) }
    count(-Int(pages), of: block.group, in: zone)
  }

  /// Takes what the kernel needs on a node for itself, as far as it is there.
  private func takeFrames(of node: NodeID) {
    for _ in 0..<policy.framesForNewNode {
      guard let pfn = allocator.allocateFrame(on: node, [.thisNode]) else { return }
      framesOfNodes.append(pfn..<pfn.advanced(by: 1))
    }
  }

  func forEachSection(of frames: FrameRange, _ body: (SectionNumber) -> Void) {
    let first = topology.sections.number(of: frames.lowerBound).rawValue
    let last = topology.sections.number(of: frames.upperBound.advanced(by: -1)).rawValue
    for number in first...last { body(SectionNumber(number)) }
  }

  // MARK: Events

  /// Asks before anything is done; who objects to that has nothing to be cancelled.
  private func prepareOnline(_ frames: FrameRange) throws(HotplugError) {
    guard policy.hasPreparationEvents else { return }
    do throws(HotplugVeto) {
      try listeners.ask(.memory(.prepareOnline, frames))
    } catch {
      throw .vetoed(error)
    }
  }

  private func askToOnline(
    _ frames: FrameRange, node: NodeID, isFirst: Bool
  ) throws(HotplugVeto) {
    if isFirst, policy.hasNodeEvents { try listeners.ask(.node(.addingFirstMemory, node)) }
    try listeners.ask(.memory(.goingOnline, frames))
  }

  func tell(_ event: HotplugEvent) { listeners.tell(event) }

  func tellNode(_ change: HotplugEvent.NodeChange, _ node: NodeID) {
    if policy.hasNodeEvents { listeners.tell(.node(change, node)) }
  }
}
