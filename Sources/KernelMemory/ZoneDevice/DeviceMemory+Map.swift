// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension DeviceMemory {
  /// Gives the memory of `map` descriptors, range by range.
  ///
  /// - Throws: ``PagemapError``; what was done for earlier ranges is undone.
  /// - Linux: `memremap_pages()` (spec 07 section 3).
  func map(_ map: DevicePagemap) throws(PagemapError) {
    guard
      map.state.compareExchange(
        expected: .unmapped, desired: .mapping, ordering: .acquiringAndReleasing
      ).exchanged
    else { throw .alreadyMapped }
    do throws(PagemapError) {
      try validate(map)
      try start(map)
    } catch {
      map.state.store(.unmapped, ordering: .releasing)
      throw error
    }
    map.state.store(.mapped, ordering: .releasing)
  }

  private func start(_ map: DevicePagemap) throws(PagemapError) {
    map.references.start()
    map.mappedRangeCount = 0
    map.token = (tokenCount.wrappingAdd(1, ordering: .relaxed).newValue) << 8
    do throws(PagemapError) {
      for index in map.ranges.indices {
        try add(index, of: map)
        map.mappedRangeCount = index + 1
      }
    } catch {
      kill(map)
      wait(for: map)
      removeRanges(of: map)
      throw error
    }
  }

  // MARK: What must be so

  private func validate(_ map: DevicePagemap) throws(PagemapError) {
    guard !map.ranges.isEmpty else { throw .noRanges }
    if policy.limitsFolioOrder, map.folioOrder > format.largestFolioOrder { throw .folioTooLarge }
    let callbacks = map.callbacks
    switch map.type {
    case .devicePrivate:
      guard callbacks.migrateToRAM != nil, callbacks.folioFree != nil else {
        throw .missingCallback
      }
    case .coherent: guard callbacks.folioFree != nil else { throw .missingCallback }
    case .fileSystemDAX, .generic, .peerToPeer: break
    }
    if map.type.needsOwner, map.owner == 0 { throw .missingOwner }
  }

  /// A compound page has its own descriptors and no one else's.
  ///
  /// A kernel writes what it is told to; with tails that find their head by a mask, those of a page
  /// that does not lie on a multiple of its size would lead anywhere.
  private func checkFolios(ofRange index: Int, _ map: DevicePagemap) throws(PagemapError) {
    let data = map.dataFrames(ofRange: index)
    guard data.lowerBound.isAligned(to: map.folioOrder),
      data.upperBound.isAligned(to: map.folioOrder)
    else { throw .unalignedFolios }
  }

  // MARK: One range

  private func add(_ index: Int, of map: DevicePagemap) throws(PagemapError) {
    let frames = map.ranges[index]
    if index > 0, map.altmap != nil { throw .altmapForSeveralRanges }
    guard !frames.isEmpty else { throw .misaligned }
    try checkNeighbours(of: frames)
    guard !hasOrdinaryMemory(in: frames) else { throw .ordinaryMemory }
    try checkFolios(ofRange: index, map)
    guard table.insert(frames, map) else { throw .exists }
    do throws(PagemapError) {
      try describe(index, of: map)
    } catch {
      forget(frames)
      throw error
    }
    if !map.type.isHandedOut {
      // Nobody has killed the map: its own reference is the caller's.
      _ = map.references.take(map.folioCount(ofRange: index))
    }
  }

  /// No other map that is alive has the first or the last frame.
  private func checkNeighbours(of frames: FrameRange) throws(PagemapError) {
    for pfn in [frames.lowerBound, frames.upperBound.advanced(by: -1)]
    where table.map(at: pfn)?.references.isAlive == true {
      throw .conflict
    }
  }

  /// Whether ordinary memory lies in `frames`, online or offline.
  private func hasOrdinaryMemory(in frames: FrameRange) -> Bool {
    let size = format.pageSize
    let addresses = size.address(of: frames.lowerBound)..<size.address(of: frames.upperBound)
    return hotplug.added.contains { $0.range.overlaps(addresses) }
      || topology.nodes.contains { node in node.memory.contains { $0.overlaps(frames) } }
  }

  private func describe(_ index: Int, of map: DevicePagemap) throws(PagemapError) {
    let frames = map.ranges[index]
    guard isAddressable(frames, map.type) else { throw .notAddressable }
    let node = node(for: map)
    guard let place = topology.deviceZoneIndex(of: node) else { throw .notAddressable }
    let zone = topology.zones[place]
    let memory = map.described(frames, near: node.id, zone)
    try hotplug.lock.withLock { () throws(PagemapError) in
      do throws(PopulationError) {
        try population.add(memory, &map.altmap)
      } catch {
        throw PagemapError(error)
      }
      topology.attach(frames, to: zone)
    }
    map.zone = zone
    initializeDescriptors(of: index, map, zone, memory)
  }

  /// Whether sections can describe `frames`, and the linear map reach them if it has to.
  private func isAddressable(_ frames: FrameRange, _ type: DeviceMemoryType) -> Bool {
    let sections = topology.sections
    let last = frames.upperBound.advanced(by: -1)
    guard sections.number(of: last).rawValue < sections.limit else { return false }
    let bits = format.physicalAddressBits &- format.pageSize.shift
    return !type.isAddressable || last.rawValue &>> bits == 0
  }

  private func node(for map: DevicePagemap) -> MemoryNode {
    let wanted = map.preferredNode.flatMap { topology.node($0) }
    return wanted ?? topology.nodes[localNode]
  }

  /// Forgets that a map has `frames`; nobody looks at it any more afterwards.
  func forget(_ frames: FrameRange) {
    table.remove(frames)
    machine.waitForGracePeriod()
  }
}
