// SPDX-License-Identifier: Apache-2.0

import Synchronization

// The page tables, as they lie in memory: what they map, which frames back the vmemmap, and who
// shares one (spec 03, spec 04).

extension InvariantCheck {
  /// Each shared tail says what tails of its zone and order say, in every descriptor.
  mutating func checkSharedTails() {
    var tails: [(frame: PageFrameNumber, zone: Zone, order: PageOrder)] = []
    subsystem.optimizer.tails.forEach { tails.append(($0, $1, $2)) }
    for tail in tails {
      owners.add(tail.frame..<tail.frame.advanced(by: 1), .sharedTail)
      sharedTails.append(tail.frame)
      checkContent(of: tail.frame, vmemmap.sharedTailTemplate(for: tail.zone, tail.order))
    }
    sharedTails.sort()
  }

  private mutating func checkContent(of frame: PageFrameNumber, _ template: TailTemplate) {
    let start = vmemmap.pageSize.address(of: frame)
    let wanted = DescriptorImage(tail: template)
    for index in 0..<vmemmap.descriptorsPerPage {
      let image = view.image(at: start.advanced(byBytes: index &* DescriptorWords.byteCount))
      guard image != wanted else { continue }
      return report(.sharedTailContent, at: frame)
    }
  }

  /// Visits every table and leaf.
  mutating func checkTables() {
    visitTable(
      at: view.tables.root, level: view.tables.format.levelCount - 1, start: VirtualAddress(0))
    expect(
      .tableCount, .subsystem, wanted: runtimeTableCount,
      found: UInt(bitPattern: subsystem.accounting.tablePages.load(ordering: .relaxed)))
  }

  private mutating func visitTable(at place: PhysicalAddress, level: Int, start: VirtualAddress) {
    let format = view.tables.format
    guard let table = view.table(at: place, level: level) else {
      return report(.tableInMemory, .address(start))
    }
    noteTable(at: place, level: level)
    for index in 0..<(UInt(1) << format.levels[level].bits) {
      let entry = table[index]
      switch format.state(of: entry, at: level) {
      case .absent: continue
      case .table(let next):
        let address = self.address(start, index, at: level)
        visitTable(at: next, level: level - 1, start: address)
      case .leaf(let block):
        let address = self.address(start, index, at: level)
        if format.vmallocRange.contains(address) {
          noteAreaLeaf(address, block, level, entry)
        } else if level == 0 {
          visitPage(address, block, entry)
        } else {
          visitBlock(address, block, level)
        }
      }
    }
  }

  /// Where the entry `index` of a table of `level` that starts at `start` begins.
  private func address(_ start: VirtualAddress, _ index: UInt, at level: Int) -> VirtualAddress {
    let format = view.tables.format
    let offset = index &<< format.levels[level].shift
    guard level == format.levelCount - 1 else { return start.advanced(byBytes: offset) }
    // The upper half of what the top table translates lies at the end of the address space.
    let bits = UInt(format.levels[level].shift) &+ UInt(format.levels[level].bits)
    return VirtualAddress(offset | (format.vmemmapBase.rawValue &>> bits) &<< bits)
  }

  private mutating func noteTable(at place: PhysicalAddress, level: Int) {
    let format = view.tables.format
    let first = format.pageSize.frame(containing: place)
    let frames = FrameRange(start: first, pageCount: format.tableOrder(ofLevel: level).pageCount)
    owners.add(frames, .table)
    if view.descriptor(of: first)?.counts.type == PageType.table.rawValue {
      runtimeTableCount &+= 1
    }
  }

  private mutating func visitBlock(
    _ address: VirtualAddress, _ block: PhysicalAddress, _ level: Int
  ) {
    let format = view.tables.format
    let size: UInt = 1 << format.levels[level].shift
    mapped.add(address..<address.advanced(byBytes: size))
    let first = format.pageSize.frame(containing: block)
    addBacking(FrameRange(start: first, pageCount: size >> format.pageSize.shift))
    lastEntry = (address.advanced(byBytes: size), first)
  }

  /// A page is mapped to a frame of its own, or to the one that its neighbour or the whole zone
  /// shows.
  private mutating func visitPage(
    _ address: VirtualAddress, _ place: PhysicalAddress, _ entry: PageTableEntry
  ) {
    let format = view.tables.format
    let frame = format.pageSize.frame(containing: place)
    let page = address..<address.advanced(byBytes: format.pageSize.byteCount)
    mapped.add(page)
    let isWritable = format.isWritable(entry)
    if entry != format.leaf(place, at: 0, isWritable ? .readWrite : .readOnly) {
      report(.entryBits, .address(address))
    }
    let isShared =
      lastEntry.end == address && lastEntry.frame == frame || sharedTails.contains(sorted: frame)
    if isShared {
      folded.add(page)
      noteDeviceMapping(of: frame, at: address)
    } else {
      addBacking(frame..<frame.advanced(by: 1))
      if !isWritable { readOnly.add(page) }
    }
    lastEntry = (page.upperBound, frame)
  }

  private mutating func addBacking(_ frames: FrameRange) {
    if holdsOwnDescriptors(frames.lowerBound) {
      selfHostedBackingCount &+= frames.pageCount
      return
    }
    owners.add(frames, .vmemmap)
    let last = backing.count &- 1
    if last >= 0, backing[last].upperBound == frames.lowerBound {
      backing[last] = backing[last].lowerBound..<frames.upperBound
    } else {
      backing.append(frames)
    }
  }

  /// Every section with descriptors has them mapped, whole; nothing else is mapped.
  mutating func checkCoverage() {
    let sections = topology.sections
    var everything: [(pages: Range<VirtualAddress>, isRequired: Bool)] = []
    for piece in topology.nodes.flatMap({ $0.memory }) + offlineMemory {
      let first = sections.number(of: piece.lowerBound).rawValue
      let last = sections.number(of: piece.upperBound.advanced(by: -1)).rawValue
      for number in first...last {
        let number = SectionNumber(number)
        everything.append(
          (
            vmemmapPages(of: sections.frames(of: number)),
            sections[number].marks.contains(.hasMap)
          ))
      }
    }
    for piece in topology.nodes.flatMap({ $0.deviceMemory.ranges }) {
      everything.append((vmemmapPages(of: piece), true))
    }
    everything.sort { $0.pages.lowerBound < $1.pages.lowerBound }
    var required = AddressRanges()
    var allowed = AddressRanges()
    for (pages, isRequired) in everything {
      allowed.add(pages)
      if isRequired { required.add(pages) }
    }
    var missing: [VirtualAddress] = []
    var surplus: [VirtualAddress] = []
    AddressRanges.forEachDifference(required, mapped) { range, isRequired in
      if isRequired { missing.append(range.lowerBound) }
    }
    AddressRanges.forEachDifference(mapped, allowed) { range, isMapped in
      if isMapped { surplus.append(range.lowerBound) }
    }
    for address in missing {
      report(.mappedDescriptors, .address(address))
    }
    for address in surplus {
      report(.unmappedRest, .address(address))
    }
  }

  /// The addresses of the vmemmap pages that hold descriptors of `frames`.
  private func vmemmapPages(of frames: FrameRange) -> Range<VirtualAddress> {
    let addresses = vmemmap.addresses(describing: frames)
    let bytes = vmemmap.pageSize.byteCount
    let end = addresses.upperBound.advanced(byBytes: bytes &- 1).rounded(downToBytes: bytes)
    return addresses.lowerBound.rounded(downToBytes: bytes)..<end
  }

  /// The frames behind the vmemmap are as many as are counted, by where they came from.
  mutating func checkBacking() {
    ownership.runtimeVmemmap &+= selfHostedBackingCount
    for run in backing {
      var undescribed = run.pageCount
      view.forEachDescriptor(in: run) { _, image in
        undescribed &-= 1
        if image.counts.isBlank {
          ownership.bootVmemmap &+= 1
        } else {
          ownership.runtimeVmemmap &+= 1
        }
      }
      // Boot uses memory for which it later finds no descriptors; the allocator never has it.
      ownership.bootVmemmap &+= undescribed
    }
    let accounting = subsystem.accounting
    expect(
      .bootVmemmap, .subsystem, wanted: ownership.bootVmemmap,
      found: UInt(bitPattern: accounting.bootPages.load(ordering: .relaxed)))
    expect(
      .runtimeVmemmap, .subsystem, wanted: ownership.runtimeVmemmap &+ countedFoldedDevicePages,
      found: UInt(bitPattern: accounting.runtimePages.load(ordering: .relaxed)))
  }
}

extension DescriptorImage {
  /// What a tail as `template` says.
  init(tail template: TailTemplate) {
    flags = template.place
    link = template.link
    mapping = TailTemplate.mapping
    counts = DescriptorCounts(references: 0)
  }
}

extension DescriptorImage {
  /// Whether it says nothing but what a tail says in its flags, link and counts.
  @inline(__always)
  var isPlainTail: Bool {
    mapping == TailTemplate.mapping && counts.hasNoType
      && previous | index | privateWord | owner == 0
  }
}

extension [PageFrameNumber] {
  /// Whether `pfn` is one of these, which are ascending.
  @inline(__always)
  func contains(sorted pfn: PageFrameNumber) -> Bool {
    guard !isEmpty else { return false }
    let index = partitionPoint { $0 >= pfn }
    return index < count && self[index] == pfn
  }
}
