// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Vmalloc areas: what they say of their addresses and pages, against what the tables map (spec 09
// section 11).

extension InvariantCheck {
  /// A leaf found in the addresses of vmalloc areas.
  struct AreaLeaf {
    let range: Range<VirtualAddress>
    let frame: PageFrameNumber
    let level: Int
  }

  /// Notes a leaf of a vmalloc area; they come in order of address.
  mutating func noteAreaLeaf(
    _ address: VirtualAddress, _ block: PhysicalAddress, _ level: Int, _ entry: PageTableEntry
  ) {
    let format = view.tables.format
    let range = address..<address.advanced(byBytes: 1 &<< format.levels[level].shift)
    areaLeaves.append(
      AreaLeaf(range: range, frame: format.pageSize.frame(containing: block), level: level))
    if entry != format.leaf(block, at: level) {
      report(.entryBits, .address(address))
    }
  }

  mutating func checkAreas() {
    let arena = subsystem.vmalloc
    guard arena.tree.isSound else {
      return report(
        .areaTree, .subsystem)
    }
    var areas: [VmallocArea] = []
    arena.tree.forEach { range, area in
      if area.addresses == range { areas.append(area) }
    }
    expect(
      .areaAddresses, .subsystem, wanted: UInt(arena.tree.count), found: UInt(areas.count))
    for area in areas { checkShape(of: area) }
    checkLeaves(of: areas)
    checkUnpurged(areas)
    checkOwnedPages(of: areas)
  }

  private mutating func checkShape(of area: VmallocArea) {
    let arena = subsystem.vmalloc
    let size = vmemmap.pageSize
    let block = area.order.pageCount &<< size.shift
    let subject = InvariantViolation.Subject.address(area.start)
    if area.addresses.clamped(to: arena.format.vmallocRange) != area.addresses {
      report(.areaRange, subject)
    }
    if area.state == .incomplete {
      report(.incompleteArea, subject)
    }
    let wanted = size.pageCount(roundingUp: area.requestedByteCount) &<< size.shift
    expect(
      .areaSize, subject, wanted: (wanted &+ block &- 1) & ~(block &- 1),
      found: area.usable.byteCount)
    if !area.start.isAligned(toBytes: block) {
      report(.areaStart, subject)
    }
    if !arena.allowsHugePages {
      expect(.hugeForbidden, subject, wanted: 1, found: area.order.pageCount)
    }
    guard area.flags.contains(.ownsPages), area.state == .complete else { return }
    expect(
      .areaPageCount, subject, wanted: area.usable.byteCount &>> size.shift,
      found: UInt(area.pages.count))
    checkBlocks(of: area)
    for pfn in area.pages { owners.add(pfn..<pfn.advanced(by: 1), .vmalloc) }
  }

  private mutating func checkBlocks(of area: VmallocArea) {
    let count = Int(bitPattern: area.order.pageCount)
    for (index, pfn) in area.pages.enumerated() {
      let isInPlace =
        index % count == 0
        ? pfn.isAligned(to: area.order) : area.pages[index - 1].advanced(by: 1) == pfn
      guard !isInPlace else { continue }
      return report(
        .areaBlock, .address(area.start), wanted: 0, found: UInt(index))
    }
  }

  /// Each leaf belongs to an area in use, and each page of such an area is mapped as it says.
  private mutating func checkLeaves(of areas: [VmallocArea]) {
    var next = 0
    for area in areas {
      while next < areaLeaves.count, areaLeaves[next].range.lowerBound < area.start {
        reportStrayLeaf(next)
        next += 1
      }
      var mappedEnd = area.start
      while next < areaLeaves.count,
        areaLeaves[next].range.lowerBound < area.addresses.upperBound
      {
        check(areaLeaves[next], of: area, mappedEnd: &mappedEnd)
        next += 1
      }
      guard area.state == .complete, !area.flags.contains(.sparse) else { continue }
      if mappedEnd < area.usable.upperBound { reportHole(at: mappedEnd) }
    }
    while next < areaLeaves.count {
      reportStrayLeaf(next)
      next += 1
    }
  }

  private mutating func check(
    _ leaf: AreaLeaf, of area: VmallocArea, mappedEnd: inout VirtualAddress
  ) {
    let subject = InvariantViolation.Subject.address(leaf.range.lowerBound)
    guard area.state == .complete, leaf.range.clamped(to: area.usable) == leaf.range else {
      return report(.mappedGuard, subject)
    }
    if area.flags.contains(.sparse) { return }
    if leaf.range.lowerBound > mappedEnd { reportHole(at: mappedEnd) }
    mappedEnd = leaf.range.upperBound
    let size = vmemmap.pageSize
    let first = (leaf.range.lowerBound.rawValue &- area.start.rawValue) &>> size.shift
    if let start = area.physicalAddress {
      expect(
        .deviceMapping, subject, wanted: size.frame(containing: start).rawValue &+ first,
        found: leaf.frame.rawValue)
    }
    guard area.flags.contains(.ownsPages) else { return }
    if leaf.level > view.tables.format.leafLevel(of: area.order) {
      report(.largeLeaf, subject)
    }
    for index in 0..<(leaf.range.byteCount &>> size.shift) {
      let place = Int(bitPattern: first &+ index)
      guard place < area.pages.count, area.pages[place].rawValue == leaf.frame.rawValue &+ index
      else { return report(.areaMapping, subject) }
    }
  }

  private mutating func reportStrayLeaf(_ index: Int) {
    report(
      .strayLeaf, .address(areaLeaves[index].range.lowerBound))
  }

  private mutating func reportHole(at address: VirtualAddress) {
    report(.areaHole, .address(address))
  }

  /// Freed areas keep their addresses until a flush that is not long in coming.
  private mutating func checkUnpurged(_ areas: [VmallocArea]) {
    let arena = subsystem.vmalloc
    let waiting = areas.filter { $0.state == .unpurged }
    expect(
      .unpurgedAreas, .subsystem, wanted: UInt(arena.unpurged.count), found: UInt(waiting.count))
    let pages = waiting.reduce(UInt(0)) {
      $0 &+ $1.addresses.byteCount &>> vmemmap.pageSize.shift
    }
    expect(
      .unpurgedPages, .subsystem, wanted: pages, found: arena.unpurgedPageCount)
    if pages > arena.purgeThreshold {
      report(
        .purgeThreshold, .subsystem, wanted: arena.purgeThreshold, found: pages)
    }
  }

  private mutating func checkOwnedPages(of areas: [VmallocArea]) {
    var counts = topology.nodes.map { _ in UInt(0) }
    for area in areas {
      for (position, count) in subsystem.vmalloc.nodePageCounts(of: area.pages).enumerated() {
        counts[position] &+= count
      }
    }
    for (position, node) in topology.nodes.enumerated() {
      expect(
        .areaNodePages, .node(node.id), wanted: counts[position],
        found: subsystem.vmalloc.ownedPageCount(on: node.id))
    }
  }

  /// Counts frames of areas and looks at their descriptors: each stands alone.
  mutating func countAreaPages(_ frames: FrameRange, _ zone: Zone) {
    ownership.vmalloc &+= frames.pageCount
    let single = DescriptorCounts(references: 1)
    var wrong: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      let isSingle =
        image.counts.references >= 1 && image.counts.with(references: 1) == single
        && image.flags == zone.place && !image.isTail
      if !isSingle { wrong = wrong ?? pfn }
    }
    if let wrong {
      report(.areaPage, at: wrong)
    }
  }

  /// Whether TLBs may still know `address`, because its area was freed and is not purged yet.
  func isUnpurged(_ address: VirtualAddress) -> Bool {
    subsystem.vmalloc.tree.value(containing: address)?.state == .unpurged
  }
}
