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
      guard let altmap = block.altmap else { continue }
      checkAltmap(altmap, of: block)
      checkSelfHostedMapping(of: block, frames)
      if block.state == .online { checkSelfHostedMarks(of: block, frames) }
    }
    checkGroups()
    checkEmptySections()
  }

  /// A block is online if all its sections are, and then one zone has it; an offline one has none.
  private mutating func checkState(of block: MemoryBlock, _ frames: FrameRange) {
    let isOnline = block.state != .offline
    let sections = topology.sections
    let first = sections.number(of: frames.lowerBound).rawValue
    let last = sections.number(of: frames.upperBound.advanced(by: -1)).rawValue
    for number in first...last {
      let number = SectionNumber(number)
      let section = sections[number]
      guard section.marks.contains(.hasMap), !section.marks.contains(.device) else { continue }
      if section.marks.contains(.online) != isOnline {
        report(.hotplug(2), .section(number), "a block is online if, and only if, its sections are")
      }
      if !isOnline, section.zoneIndex != nil {
        report(.hotplug(9), .section(number), "a block that is offline belongs to no zone")
      }
      if isOnline, let zone = block.zoneIndex, section.zoneIndex.map({ Int($0) }) ?? zone != zone {
        report(.hotplug(2), .section(number), "a block's sections belong to its zone")
      }
    }
    guard !isOnline, block.badPageCount == 0 else { return }
    checkOfflineDescriptors(of: frames)
  }

  /// Nobody can take what an offline block's descriptors say for a fact.
  private mutating func checkOfflineDescriptors(of frames: FrameRange) {
    var wrong: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      if image != DescriptorImage(), wrong == nil { wrong = pfn }
    }
    if let wrong {
      report(.hotplug(9), at: wrong, "a descriptor of an offline block says nothing")
    }
  }

  // MARK: Blocks that hold their own descriptors

  private mutating func checkAltmap(_ altmap: Altmap, of block: MemoryBlock) {
    let used = altmap.usedCount &+ altmap.skippedCount
    guard used > altmap.freeCount else { return }
    report(
      .population(8), at: subsystem.hotplug.frames(ofBlock: block.number).lowerBound,
      "an altmap gives out no more than it has")
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
      if !isOwn || !isHuge {
        report(
          .hotplug(10), .address(address), "a self-hosted block is described by its own frames only"
        )
        return
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
        if !isMarked { unmarked = unmarked ?? pfn }
      } else if image.flags & mark != 0, !image.counts.isBlank {
        overmarked = overmarked ?? pfn
      }
    }
    if let unmarked {
      report(.hotplug(8), at: unmarked, "a frame with descriptors of its block says so")
    }
    if let overmarked {
      report(.hotplug(8), at: overmarked, "no other frame says that it holds its descriptors")
    }
    for pfn in [own.lowerBound, own.upperBound.advanced(by: -1)]
    where topology.sections.isIsolated(pfn) {
      report(.hotplug(7), at: pfn, "frames with descriptors of their block are never isolated")
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
        .hotplug(4), .node(group.node), wanted: movable, found: group.movablePageCount,
        "a group's movable pages are those of its blocks")
      expect(
        .hotplug(4), .node(group.node), wanted: kernel, found: group.kernelPageCount,
        "a group's pages for the kernel are those of its blocks")
    }
  }

  /// A section without descriptors is as if it had never been.
  private mutating func checkEmptySections() {
    let sections = topology.sections
    for number in 0..<sections.limit {
      let number = SectionNumber(number)
      let section = sections[number]
      guard section.subsections == 0, section != MemorySection() else { continue }
      report(.population(15), .section(number), "a section without descriptors has no marks")
    }
  }
}
