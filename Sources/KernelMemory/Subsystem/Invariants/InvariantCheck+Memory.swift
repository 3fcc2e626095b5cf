// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Zones, nodes and sections (spec 01), as far as they are more than the sum of frames.

extension InvariantCheck {
  mutating func checkMemory() {
    for node in topology.nodes { checkNode(node) }
    checkDisjointness()
    checkZoneOrders()
    checkSections()
    let managed = topology.zones.reduce(0) { $0 &+ $1.managedPageCount }
    expect(
      .managedTotal, .subsystem, wanted: managed,
      found: allocator.managedPageCount.load(ordering: .relaxed))
    if vmemmap.format.encoding == .mask {
      expect(
        .vmemmapBase, .address(vmemmap.base), wanted: 0,
        found: vmemmap.base.rawValue & (subsystem.format.vmemmapAlignment &- 1))
    }
  }

  /// Each frame of a node lies in just one of its zones, and they count it.
  private mutating func checkNode(_ node: MemoryNode) {
    var zoned: UInt = 0
    var counts = Array(repeating: UInt(0), count: topology.zones.count)
    topology.forEachZoneMemory(of: node) { counts[$1.index] &+= $0.pageCount }
    for index in node.zoneIndexes where topology.zones[index].kind != .device {
      let zone = topology.zones[index]
      let present = counts[index]
      zoned &+= present
      expect(
        .presentPages, .zone(zone.node, zone.kind), wanted: present, found: zone.presentPageCount)
    }
    let total = node.memory.reduce(UInt(0)) { $0 &+ $1.pageCount }
    expect(
      .nodeMemory, .node(node.id), wanted: total, found: zoned)
  }

  /// No frame belongs to two nodes.
  private mutating func checkDisjointness() {
    var pieces = topology.nodes.flatMap { $0.memory }
    pieces.sort { $0.lowerBound < $1.lowerBound }
    for index in pieces.indices.dropFirst()
    where pieces[index].lowerBound < pieces[index - 1].upperBound {
      report(.oneNode, at: pieces[index].lowerBound)
    }
  }

  private mutating func checkZoneOrders() {
    for position in topology.nodes.indices {
      checkZoneOrder(allocator.zoneOrders[position], of: topology.nodes[position].id)
    }
  }

  /// A request can come to every populated zone, and to each once.
  mutating func checkZoneOrder(_ order: [Int], of node: NodeID) {
    let populated = topology.zones.indices.filter {
      topology.zones[$0].isPopulated && topology.zones[$0].kind != .device
    }
    let order = order.filter { topology.zones[$0].isPopulated }.sorted()
    guard order != populated else { return }
    report(.zoneOrder, .node(node), wanted: UInt(populated.count), found: UInt(order.count))
  }

  private mutating func checkSections() {
    let sections = topology.sections
    let pieces = describedMemory.sorted { $0.lowerBound < $1.lowerBound }
    for number in 0..<sections.limit {
      let number = SectionNumber(number)
      let section = sections[number]
      guard section.marks.contains(.hasMap) else { continue }
      let frames = sections.frames(of: number)
      var wanted: UInt64 = 0
      for piece in pieces where piece.overlaps(frames) {
        wanted |= Self.subsections(of: piece.clamped(to: frames), in: frames)
      }
      expect(
        .subsections, .section(number), wanted: UInt(wanted), found: UInt(section.subsections))
      if !section.marks.contains(.present) {
        report(.presentSection, .section(number))
      }
      checkHoles(in: frames, between: pieces)
    }
  }

  /// Frames of a section that are no memory have blank descriptors.
  private mutating func checkHoles(in section: FrameRange, between pieces: [FrameRange]) {
    var wrong: PageFrameNumber?
    var start = section.lowerBound
    for piece in pieces where piece.overlaps(section) {
      lookForMarks(in: start..<max(start, piece.lowerBound), &wrong)
      start = max(start, piece.upperBound)
    }
    lookForMarks(in: start..<max(start, section.upperBound), &wrong)
    if let wrong { report(.descriptorWords, at: wrong) }
  }

  private func lookForMarks(in frames: FrameRange, _ first: inout PageFrameNumber?) {
    var wrong: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      if image != DescriptorImage() { wrong = wrong ?? pfn }
    }
    first = first ?? wrong
  }

  /// The bits of the 64 parts of a section that `frames` touch.
  private static func subsections(of frames: FrameRange, in section: FrameRange) -> UInt64 {
    let size = max(section.pageCount / 64, 1)
    let start = section.lowerBound.rawValue
    var bits: UInt64 = 0
    for part in 0..<64 {
      let low = start &+ UInt(part) &* size
      if frames.lowerBound.rawValue < low &+ size, low < frames.upperBound.rawValue {
        bits |= 1 << UInt64(part)
      }
    }
    return bits
  }
}

extension InvariantCheck {
  /// All memory that has descriptors or should have them: online, offline, and of devices.
  var describedMemory: [FrameRange] {
    topology.nodes.flatMap { $0.memory + $0.deviceMemory.ranges } + offlineMemory
  }

  /// Memory of blocks that are offline.
  var offlineMemory: [FrameRange] {
    let hotplug = subsystem.hotplug
    return hotplug.blocks.all.filter { $0.state == .offline }
      .map { hotplug.frames(ofBlock: $0.number) }
  }

  /// Calls `body` with each run of memory that has descriptors and lies in one zone, node by node.
  func forEachMemory(_ body: (FrameRange, Zone) -> Void) {
    for node in topology.nodes {
      topology.forEachZoneMemory(of: node) { part, zone in
        forEachMappedRun(of: part) { body($0, zone) }
      }
    }
  }

  /// Calls `body` with the parts of `frames` in sections that have descriptors.
  private func forEachMappedRun(of frames: FrameRange, _ body: (FrameRange) -> Void) {
    let sections = topology.sections
    var run = frames.lowerBound..<frames.lowerBound
    var start = frames.lowerBound
    while start < frames.upperBound {
      let number = sections.number(of: start)
      let end = min(sections.frames(of: number).upperBound, frames.upperBound)
      if sections[number].marks.contains(.hasMap) {
        run = run.lowerBound..<end
      } else {
        if !run.isEmpty { body(run) }
        run = end..<end
      }
      start = end
    }
    if !run.isEmpty { body(run) }
  }
}
