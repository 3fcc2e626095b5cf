// SPDX-License-Identifier: Apache-2.0

extension SectionPopulation {
  /// Maps `addresses` to frames of their own: huge leaves for whole sections where the architecture
  /// has them and a block can be had, pages otherwise.
  ///
  /// - Throws: ``PopulationError/outOfFrames``; what was mapped stays mapped.
  func populatePlain(
    _ addresses: Range<VirtualAddress>, of memory: DescribedMemory, isWhole: Bool,
    _ altmap: inout Altmap?
  ) throws(PopulationError) {
    let block = format.pmdByteCount
    let page = format.pageSize.byteCount
    let own = vmemmap.addresses(describing: memory.frames)
    var address = addresses.lowerBound.rounded(downToBytes: page)
    while address < addresses.upperBound {
      // Sections that are small share a vmemmap page with their neighbours.
      guard tables.frame(mappedAt: address) == nil else {
        address = address.advanced(byBytes: page)
        continue
      }
      let next = address.advanced(byBytes: block)
      let takesBlock =
        isWhole && format.populatesHugeVmemmap && address.rawValue & (block &- 1) == 0
        && next <= addresses.upperBound && tables.existingTable(for: address, level: 0) == nil
      if takesBlock, try populateBlock(at: address, of: memory, &altmap) {
        address = next
      } else {
        // A page that describes neighbours, too, must not go with the device.
        let isShared = address < own.lowerBound || address.advanced(byBytes: page) > own.upperBound
        let isServed = !isShared && servesPages(altmap, isWhole: isWhole)
        let frame = isServed ? altmap?.allocate(1) : nil
        if isWhole, altmap != nil, !isShared, frame == nil { throw .outOfFrames }
        try populatePage(at: address, of: memory, frame)
        address = address.advanced(byBytes: page)
      }
    }
  }

  /// Whether an altmap has pages for descriptors, not only blocks.
  ///
  /// Where whole sections have huge leaves it serves nothing smaller; on powerpc it serves both.
  ///
  /// - Source: spec 07 section 1.
  private func servesPages(_ altmap: Altmap?, isWhole: Bool) -> Bool {
    guard altmap != nil, isWhole else { return false }
    if case .powerRadix = format.regime { return true }
    return !format.populatesHugeVmemmap
  }

  /// Maps a block at `address`.
  ///
  /// - Returns: false if the page allocator has no such block.
  private func populateBlock(
    at address: VirtualAddress, of memory: DescribedMemory, _ altmap: inout Altmap?
  ) throws(PopulationError) -> Bool {
    let count = format.pmdByteCount &>> format.pageSize.shift
    guard altmap == nil else {
      guard let frame = altmap?.allocate(count) else { throw .outOfFrames }
      try map(block: frame, at: address, memory)
      return true
    }
    let order = PageOrder(holding: count)
    guard let frame = allocator.allocateBlock(order, on: memory.node, [.noRetry]) else {
      return false
    }
    let frames = FrameRange(start: frame, pageCount: count)
    own(frames)
    do throws(PopulationError) {
      try map(block: frame, at: address, memory)
    } catch {
      allocator.releaseRun(frames)
      throw error
    }
    return true
  }

  /// Notes that each of `frames` is in use by itself.
  private func own(_ frames: FrameRange) {
    guard let place = allocator.topology.zone(of: frames.lowerBound)?.place else { return }
    vmemmap.initialize(frames, place: place, references: 1)
    vmemmap.machine.clearContents(
      at: format.pageSize.address(of: frames.lowerBound),
      byteCount: frames.pageCount &<< format.pageSize.shift)
  }

  private func map(
    block: PageFrameNumber, at address: VirtualAddress, _ memory: DescribedMemory
  ) throws(PopulationError) {
    do throws(OutOfTables) {
      try tables.mapBlock(at: address, to: block, from: source(near: memory.node))
    } catch {
      throw .outOfFrames
    }
  }

  /// Maps the page at `address` to `frame`, or to a fresh one.
  ///
  /// - Returns: the frame.
  @discardableResult
  func populatePage(
    at address: VirtualAddress, of memory: DescribedMemory, _ frame: PageFrameNumber? = nil
  ) throws(PopulationError) -> PageFrameNumber {
    guard let page = frame ?? allocator.allocateFrame(on: memory.node, [.zeroed]) else {
      throw .outOfFrames
    }
    do throws(OutOfTables) {
      try tables.mapPage(at: address, to: page, .readWrite, from: source(near: memory.node))
    } catch {
      if frame == nil { allocator.freeFrame(page) }
      throw .outOfFrames
    }
    return page
  }

  func source(near node: NodeID) -> RuntimeTables {
    RuntimeTables(allocator: allocator, accounting: optimizer.accounting, node: node)
  }
}
