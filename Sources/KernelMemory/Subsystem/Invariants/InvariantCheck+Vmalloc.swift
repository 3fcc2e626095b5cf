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
      report(.population(17), .address(address), "an entry has the kernel's bits and no others")
    }
  }

  mutating func checkAreas() {
    let arena = subsystem.vmalloc
    guard arena.tree.isSound else {
      return report(
        .vmalloc(2), .subsystem, "areas are in order, apart, and found in a balanced tree")
    }
    var areas: [VmallocArea] = []
    arena.tree.forEach { range, area in
      if area.addresses == range { areas.append(area) }
    }
    expect(
      .vmalloc(2), .subsystem, wanted: UInt(arena.tree.count), found: UInt(areas.count),
      "an area has the addresses that are kept for it")
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
      report(.vmalloc(2), subject, "an area lies among the addresses of areas")
    }
    if area.state == .incomplete {
      report(.vmalloc(7), subject, "an area is complete, or it is gone")
    }
    let wanted = size.pageCount(roundingUp: area.requestedByteCount) &<< size.shift
    expect(
      .vmalloc(1), subject, wanted: (wanted &+ block &- 1) & ~(block &- 1),
      found: area.usable.byteCount, "an area is what was asked for in whole blocks, and a guard")
    if !area.start.isAligned(toBytes: block) {
      report(.vmalloc(4), subject, "an area of blocks starts on their size")
    }
    if area.order > .page, !arena.allowsHugePages {
      report(
        .vmalloc(18), subject, wanted: 0, found: UInt(area.order.rawValue),
        "no area has larger blocks where that is forbidden")
    }
    guard area.flags.contains(.ownsPages), area.state == .complete else { return }
    expect(
      .vmalloc(5), subject, wanted: area.usable.byteCount &>> size.shift,
      found: UInt(area.pages.count), "an area has a frame for each base page")
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
        .vmalloc(5), .address(area.start), wanted: 0, found: UInt(index),
        "the frames of a block lie together and are aligned")
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
      return report(.vmalloc(9), subject, "nothing is mapped behind an area, nor after it is freed")
    }
    if area.flags.contains(.sparse) { return }
    if leaf.range.lowerBound > mappedEnd { reportHole(at: mappedEnd) }
    mappedEnd = leaf.range.upperBound
    let size = vmemmap.pageSize
    let first = (leaf.range.lowerBound.rawValue &- area.start.rawValue) &>> size.shift
    if let start = area.physicalAddress {
      expect(
        .vmalloc(8), subject, wanted: size.frame(containing: start).rawValue &+ first,
        found: leaf.frame.rawValue, "a device's memory is mapped byte by byte")
    }
    guard area.flags.contains(.ownsPages) else { return }
    if leaf.level > view.tables.format.leafLevel(of: area.order) {
      report(.vmalloc(11), subject, "no leaf is larger than its area's blocks")
    }
    for index in 0..<(leaf.range.byteCount &>> size.shift) {
      let place = Int(bitPattern: first &+ index)
      guard place < area.pages.count, area.pages[place].rawValue == leaf.frame.rawValue &+ index
      else { return report(.vmalloc(8), subject, "a page is mapped to the frame at its place") }
    }
  }

  private mutating func reportStrayLeaf(_ index: Int) {
    report(
      .vmalloc(9), .address(areaLeaves[index].range.lowerBound), "nothing is mapped without an area"
    )
  }

  private mutating func reportHole(at address: VirtualAddress) {
    report(.vmalloc(8), .address(address), "every page of an area is mapped")
  }

  /// Freed areas keep their addresses until a flush that is not long in coming.
  private mutating func checkUnpurged(_ areas: [VmallocArea]) {
    let arena = subsystem.vmalloc
    let waiting = areas.filter { $0.state == .unpurged }
    expect(
      .vmalloc(13), .subsystem, wanted: UInt(arena.unpurged.count), found: UInt(waiting.count),
      "freed areas keep their addresses until they are purged")
    let pages = waiting.reduce(UInt(0)) {
      $0 &+ $1.addresses.byteCount &>> vmemmap.pageSize.shift
    }
    expect(
      .recount, .subsystem, wanted: pages, found: arena.unpurgedPageCount,
      "pages of areas that are not purged yet")
    if pages > arena.purgeThreshold {
      report(
        .vmalloc(14), .subsystem, wanted: arena.purgeThreshold, found: pages,
        "freed areas are purged once they are many")
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
        .vmalloc(20), .node(node.id), wanted: counts[position],
        found: subsystem.vmalloc.ownedPageCount(on: node.id), "pages that areas own")
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
      report(.vmalloc(6), at: wrong, "a page of an area has a reference and is part of no other")
    }
  }

  /// Whether TLBs may still know `address`, because its area was freed and is not purged yet.
  func isUnpurged(_ address: VirtualAddress) -> Bool {
    subsystem.vmalloc.tree.value(containing: address)?.state == .unpurged
  }
}
