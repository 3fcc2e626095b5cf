// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Memory that comes and goes (spec 08): what blocks say, held against their sections, zones,
// descriptors and tables.

extension InvariantCheck {
  /// Notes which frames hold descriptors of their own block, before the tables are looked at.
  mutating func collectSelfHosted() {
    for block in subsystem.hotplug.blocks.all where block.altmap != nil {
      let own = selfHostedFrames(of: block)
      selfHosted.append(own)
      owners.add(own, .selfHosted)
    }
  }

  private func selfHostedFrames(of block: MemoryBlock) -> FrameRange {
    let frames = subsystem.hotplug.frames(ofBlock: block.number)
    return frames.lowerBound..<subsystem.hotplug.usableFrames(of: block).lowerBound
  }

  /// Whether `pfn` holds descriptors of its own block.
  @inline(__always)
  func holdsOwnDescriptors(_ pfn: PageFrameNumber) -> Bool {
    guard !selfHosted.isEmpty else { return false }
    let index = selfHosted.partitionPoint { $0.lowerBound > pfn }
    return index > 0 && selfHosted[index - 1].contains(pfn)
  }

  mutating func checkBlocks() {
    for block in subsystem.hotplug.blocks.all {
      let frames = subsystem.hotplug.frames(ofBlock: block.number)
      checkState(of: block, frames)
      checkIsolation(of: block, frames)
      guard let altmap = block.altmap else { continue }
      checkAltmap(altmap, of: block)
      checkSelfHostedMapping(of: block, frames)
      if block.state == .online { checkSelfHostedMarks(of: block, frames) }
    }
    checkGroups()
    checkNodesOfBlocks()
    checkAddedMemory()
    checkEmptySections()
  }

  /// A block is online if all its sections are, and then one zone has it; an offline one has none.
  private mutating func checkState(of block: MemoryBlock, _ frames: FrameRange) {
    let isOnline = block.state != .offline
    let sections = topology.sections
    if block.state == .goingOffline {
      report(.halfOffline, at: frames.lowerBound)
    }
    if !isOnline, block.zoneIndex != nil {
      report(.offlineBlockZone, at: frames.lowerBound)
    }
    let first = sections.number(of: frames.lowerBound).rawValue
    let last = sections.number(of: frames.upperBound.advanced(by: -1)).rawValue
    for number in first...last {
      let number = SectionNumber(number)
      let section = sections[number]
      guard section.marks.contains(.hasMap), !section.marks.contains(.device) else { continue }
      if section.marks.contains(.online) != isOnline {
        report(.onlineSections, .section(number))
      }
      if !isOnline, section.zoneIndex != nil {
        report(.offlineSectionZone, .section(number))
      }
      if isOnline, let zone = block.zoneIndex, section.zoneIndex.map({ Int($0) }) ?? zone != zone {
        report(.sectionZone, .section(number))
      }
    }
    if !isOnline { checkOfflineDescriptors(of: frames) }
  }

  /// Nobody can take what an offline block's descriptors say for a fact.
  private mutating func checkOfflineDescriptors(of frames: FrameRange) {
    let poison = vmemmap.format.hwpoison
    var wrong: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      let isBad = image.flags & poison != 0
      if image != DescriptorImage(), !isBad, wrong == nil { wrong = pfn }
    }
    if let wrong {
      report(.offlineDescriptor, at: wrong)
    }
  }

  /// Memory is isolated while it goes offline, and not before or after.
  private mutating func checkIsolation(of block: MemoryBlock, _ frames: FrameRange) {
    let size = topology.sections.pageblockOrder.pageCount
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      if topology.sections.isIsolated(pfn) {
        let isOwn = selfHostedFrames(of: block).contains(pfn)
        report(isOwn ? .isolatedDescriptors : .isolatedMemory, at: pfn)
        return
      }
      pfn = PageFrameNumber(pfn.rawValue &+ size)
    }
  }

  // MARK: Blocks that hold their own descriptors

  private mutating func checkAltmap(_ altmap: Altmap, of block: MemoryBlock) {
    let frames = subsystem.hotplug.frames(ofBlock: block.number)
    let addresses = vmemmap.addresses(describing: frames)
    let count = vmemmap.pageSize.pageCount(
      roundingUp: addresses.upperBound.rawValue &- addresses.lowerBound.rawValue)
    expect(
      .altmapUse, .frame(frames.lowerBound), wanted: count, found: altmap.usedCount)
    if !altmap.fits(frames) { report(.altmapLimit, at: frames.lowerBound) }
  }

  /// The descriptors lie in the block's own first frames, mapped by huge leaves.
  private mutating func checkSelfHostedMapping(of block: MemoryBlock, _ frames: FrameRange) {
    let own = selfHostedFrames(of: block)
    let addresses = vmemmap.addresses(describing: frames)
    var address = addresses.lowerBound
    while address < addresses.upperBound {
      let mapping = view.mapping(of: address)
      let isOwn = mapping.map { own.contains($0.frame) } ?? false
      let isHuge = mapping?.level ?? 0 > 0 || !subsystem.format.populatesHugeVmemmap
      guard isOwn, isHuge else {
        return report(isOwn ? .selfHostedLeaves : .selfHostedFrames, .address(address))
      }
      let step = isHuge && mapping?.level ?? 0 > 0 ? subsystem.format.pmdByteCount : pageByteCount
      address = address.rounded(downToBytes: step).advanced(byBytes: step)
    }
  }

  private var pageByteCount: UInt { vmemmap.pageSize.byteCount }

  /// Exactly the frames with descriptors are marked as such, and nobody may have them.
  private mutating func checkSelfHostedMarks(of block: MemoryBlock, _ frames: FrameRange) {
    let own = selfHostedFrames(of: block)
    let mark = vmemmap.format.selfHosted
    let place = topology.zone(of: frames.lowerBound)?.place ?? 0
    var unmarked: PageFrameNumber?
    var overmarked: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      if own.contains(pfn) {
        let isMarked =
          image.flags == place | mark && image.counts == DescriptorCounts(references: 1)
          && !image.hasMoreThanCounts
        if !isMarked { unmarked = unmarked ?? pfn }
      } else if image.flags & mark != 0, !image.counts.isBlank {
        overmarked = overmarked ?? pfn
      }
    }
    if let unmarked {
      report(.selfHostedMark, at: unmarked)
    }
    if let overmarked {
      report(.falseSelfHostedMark, at: overmarked)
    }
    for pfn in [own.lowerBound, own.upperBound.advanced(by: -1)]
    where topology.sections.migrateType(of: pfn) != .unmovable {
      report(.movableDescriptors, at: pfn)
    }
  }

  // MARK: Counts

  /// Groups count what is online of them, by the kind of zone.
  private mutating func checkGroups() {
    let hotplug = subsystem.hotplug
    let blocks = hotplug.blocks.all
    for group in hotplug.groups {
      var movable: UInt = 0
      var kernel: UInt = 0
      for block in blocks where block.group == group.id {
        guard let index = block.zoneIndex else { continue }
        if topology.zones[index].kind == .movable {
          movable &+= hotplug.blockOrder.pageCount
        } else {
          kernel &+= hotplug.blockOrder.pageCount
        }
      }
      expect(
        .movableOfGroup, .node(group.node), wanted: movable, found: group.movablePageCount)
      expect(
        .kernelOfGroup, .node(group.node), wanted: kernel, found: group.kernelPageCount)
    }
    for block in blocks where block.group != nil && hotplug.group(block.group) == nil {
      report(
        .groupExists, at: hotplug.frames(ofBlock: block.number).lowerBound)
    }
  }

  /// All memory of a node lies in blocks that are online.
  private mutating func checkNodesOfBlocks() {
    let hotplug = subsystem.hotplug
    let blocks = hotplug.blocks.all.filter { $0.state != .offline }
    for node in topology.nodes {
      let memory = node.memory
      var covered: UInt = 0
      for block in blocks where block.nodes.contains(node.id) {
        let frames = hotplug.frames(ofBlock: block.number)
        for range in memory where range.overlaps(frames) {
          covered &+= range.clamped(to: frames).pageCount
        }
      }
      expect(
        .blocksOfNode, .node(node.id), wanted: memory.reduce(0) { $0 &+ $1.pageCount },
        found: covered)
    }
  }

  /// What was added and not removed has its blocks.
  private mutating func checkAddedMemory() {
    let hotplug = subsystem.hotplug
    for memory in hotplug.added {
      let frames = vmemmap.pageSize.wholePages(in: memory.range)
      let numbers = hotplug.blockNumbers(of: frames)
      let blocks = hotplug.blocks.blocks(in: numbers).filter { !$0.isEarly }
      expect(
        .addedBlocks, .frame(frames.lowerBound), wanted: UInt(numbers.count),
        found: UInt(blocks.count))
    }
  }

  /// A section without descriptors is as if it had never been.
  private mutating func checkEmptySections() {
    let sections = topology.sections
    for number in 0..<sections.limit {
      let number = SectionNumber(number)
      let section = sections[number]
      guard section.subsections == 0, section != MemorySection() else { continue }
      report(.emptySection, .section(number))
    }
  }
}
