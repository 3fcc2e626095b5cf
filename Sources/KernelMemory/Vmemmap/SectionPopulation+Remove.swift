// SPDX-License-Identifier: Apache-2.0

extension SectionPopulation {
  /// Unmaps `addresses`, whatever maps them, and frees the frames that nothing else maps.
  ///
  /// A page at either end that describes other memory as well stays; what it says of this memory is
  /// blank then.
  ///
  /// Frames of `altmap` are given back to it. Tables that become empty are freed up to the level
  /// below the top one but one, where the kernel keeps them.
  ///
  /// - Linux: `vmemmap_free()` (spec 04 section 5.1).
  func depopulate(_ addresses: Range<VirtualAddress>, _ altmap: inout Altmap?) {
    let whole = addresses
    let addresses = pagesOfTheirOwn(in: whole)
    let inside = addresses.clamped(to: whole)
    blank(whole.lowerBound..<inside.lowerBound)
    blank(inside.upperBound..<whole.upperBound)
    guard !addresses.isEmpty else { return }
    var freed = FrameRuns()
    let block = format.pmdByteCount
    var address = addresses.lowerBound
    while address < addresses.upperBound {
      let next = address.rounded(downToBytes: block).advanced(byBytes: block)
      let part = address..<min(next, addresses.upperBound)
      if let table = tables.existingTable(for: address, level: 0) {
        clear(part, in: table, &freed, &altmap)
      } else if let upper = tables.existingTable(for: address, level: 1) {
        clearLeaf(over: part, in: upper, &freed, &altmap)
      }
      address = part.upperBound
    }
    vmemmap.machine.flushAllTranslations()
    optimizer.freeVmemmapPages(&freed, isCounted: false)
    freeEmptyTables(for: addresses)
  }

  /// Makes the descriptors at `addresses` blank, but for tails that are folded onto one page: these are
  /// no memory's own.
  private func blank(_ addresses: Range<VirtualAddress>) {
    var address = addresses.lowerBound
    while address < addresses.upperBound {
      if let entry = tables.entry(for: address), format.isWritable(entry) {
        let pfn = vmemmap.frame(at: UInt64(address.rawValue))
        vmemmap.with(pfn) { $0.reset(flags: 0, counts: DescriptorCounts(rawValue: 0)) }
      }
      address = address.advanced(byBytes: DescriptorWords.byteCount)
    }
  }

  /// The whole pages of `addresses`, which describe memory without descriptors from now on.
  func pagesOfTheirOwn(in addresses: Range<VirtualAddress>) -> Range<VirtualAddress> {
    let page = format.pageSize.byteCount
    var start = addresses.lowerBound.rounded(downToBytes: page)
    var end = addresses.upperBound.rounded(downToBytes: page)
    if end < addresses.upperBound { end = end.advanced(byBytes: page) }
    if start < addresses.lowerBound, describesMemory(start) {
      start = start.advanced(byBytes: page)
    }
    let last = VirtualAddress(end.rawValue &- page)
    if end > addresses.upperBound, start < end, describesMemory(last) { end = last }
    return start..<max(start, end)
  }

  /// Whether some memory has its descriptors in the vmemmap page at `address`.
  private func describesMemory(_ address: VirtualAddress) -> Bool {
    let first = vmemmap.frame(at: UInt64(address.rawValue))
    let frames = FrameRange(start: first, pageCount: vmemmap.descriptorsPerPage)
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      let section = sections[sections.number(of: pfn)]
      let within = pfn.rawValue & (sections.order.pageCount &- 1)
      // Boot maps the descriptors of whole sections.
      if section.marks.contains(.early) { return true }
      if section.subsections >> UInt64(within / granule) & 1 == 1 { return true }
      pfn = PageFrameNumber(pfn.rawValue &+ granule)
    }
    return false
  }

  private func clearLeaf(
    over part: Range<VirtualAddress>, in upper: EntryTable, _ freed: inout FrameRuns,
    _ altmap: inout Altmap?
  ) {
    let index = format.index(of: part.lowerBound, at: 1)
    guard case .leaf(let start) = format.state(of: upper[index], at: 1) else { return }
    precondition(
      part.upperBound.rawValue &- part.lowerBound.rawValue == format.pmdByteCount,
      "a huge leaf describes one section, which comes and goes whole")
    upper[index] = .absent
    let frames = FrameRange(
      start: format.pageSize.frame(containing: start),
      pageCount: format.pmdByteCount &>> format.pageSize.shift)
    giveBack(frames, &freed, &altmap)
  }

  private func clear(
    _ part: Range<VirtualAddress>, in table: EntryTable, _ freed: inout FrameRuns,
    _ altmap: inout Altmap?
  ) {
    let first = format.index(of: part.lowerBound, at: 0)
    let count = (part.upperBound.rawValue &- part.lowerBound.rawValue) &>> format.pageSize.shift
    var index = first
    while index < first &+ count {
      guard case .leaf(let start) = format.state(of: table[index], at: 0) else {
        index &+= 1
        continue
      }
      let entry = table[index]
      var length: UInt = 0
      while index < first &+ count, table[index] == entry {
        table[index] = .absent
        length &+= 1
        index &+= 1
      }
      unmap(format.pageSize.frame(containing: start), times: length, &freed, &altmap)
    }
    vmemmap.machine.cost.add(count, to: .entriesWritten)
  }

  /// Drops what `count` mappings of a frame were worth.
  private func unmap(
    _ pfn: PageFrameNumber, times count: UInt, _ freed: inout FrameRuns, _ altmap: inout Altmap?
  ) {
    let isLast =
      altmap?.holds(pfn) == true || vmemmap.isBlank(pfn)
      || vmemmap.dropReferences(count, to: pfn) == 0
    if isLast { giveBack(FrameRange(start: pfn, pageCount: 1), &freed, &altmap) }
  }

  private func giveBack(
    _ frames: FrameRange, _ freed: inout FrameRuns, _ altmap: inout Altmap?
  ) {
    if altmap?.holds(frames.lowerBound) == true {
      altmap?.giveBack(frames.pageCount)
    } else {
      freed.append(frames, vmemmap)
    }
  }

  // MARK: Tables

  private func freeEmptyTables(for addresses: Range<VirtualAddress>) {
    for level in 0..<max(0, format.levelCount &- 2) {
      let step: UInt = 1 &<< format.levels[level &+ 1].shift
      var address = addresses.lowerBound.rounded(downToBytes: step)
      while address < addresses.upperBound {
        freeTableIfEmpty(for: address, level: level)
        address = address.advanced(byBytes: step)
      }
    }
  }

  private func freeTableIfEmpty(for address: VirtualAddress, level: Int) {
    tables.addressSpaceLock.withWriteLock {
      guard let upper = tables.existingTable(for: address, level: level &+ 1) else { return }
      let index = format.index(of: address, at: level &+ 1)
      guard case .table(let start) = format.state(of: upper[index], at: level &+ 1) else { return }
      let table = tables.table(at: start)
      for entry in 0..<(1 &<< format.levels[level].bits) where table[entry] != .absent { return }
      upper[index] = .absent
      vmemmap.machine.flushAllTranslations()
      free(tableAt: format.pageSize.frame(containing: start))
    }
  }

  /// Frees a table, which boot has made or this kernel.
  private func free(tableAt frame: PageFrameNumber) {
    guard !vmemmap.isBlank(frame) else {
      return allocator.manage(FrameRange(start: frame, pageCount: 1))
    }
    let node = allocator.topology.nodeID(of: frame) ?? NodeID(0)
    source(near: node).freeUnlinkedTable(frame)
  }
}
