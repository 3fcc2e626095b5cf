// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Memory of devices (spec 07, spec 04 sections 6 and 8): who has it, what its descriptors say, and
// how these are mapped.

extension InvariantCheck {
  mutating func checkDevices() {
    for zone in topology.zones where zone.kind == .device {
      if zone.presentPageCount | zone.managedPageCount != 0 {
        report(
          .unmanagedDevices, .zone(zone.node, zone.kind), wanted: 0,
          found: max(zone.presentPageCount, zone.managedPageCount))
      }
    }
    let entries = subsystem.devices.table.all
    var described: UInt = 0
    var last = PageFrameNumber(0)
    for (frames, map) in entries {
      described &+= frames.pageCount
      if frames.lowerBound < last || !map.ranges.contains(frames) {
        report(.mapLookUp, at: frames.lowerBound)
      }
      last = frames.upperBound
      // A map with several ranges is found several times.
      if map.ranges.first == frames { check(map) }
    }
    expect(
      .deviceMemory, .subsystem, wanted: described,
      found: topology.nodes.reduce(0) { sum, node in
        node.deviceMemory.ranges.reduce(sum) { $0 &+ $1.pageCount }
      })
  }

  private mutating func check(_ map: DevicePagemap) {
    guard let zone = map.zone, let first = map.ranges.first else { return }
    var inUse: UInt = 0
    var folios: UInt = 0
    for index in map.ranges.indices {
      folios &+= map.folioCount(ofRange: index)
      inUse &+= checkPages(ofRange: index, map, zone)
      checkMapping(ofRange: index, map, zone)
    }
    checkAltmap(of: map)
    let own: UInt = map.references.isAlive ? 1 : 0
    let pages = map.type.isHandedOut || own == 0 ? 0 : folios
    expect(
      map.type.isHandedOut ? .privateReferences : .genericReferences, .frame(first.lowerBound),
      wanted: own &+ pages &+ inUse, found: map.references.count)
  }

  // MARK: Descriptors

  /// Looks at what the pages of a range say, and returns the references that their users have.
  private mutating func checkPages(
    ofRange index: Int, _ map: DevicePagemap, _ zone: Zone
  ) -> UInt {
    let data = map.dataFrames(ofRange: index)
    let idle = subsystem.devices.idleDescriptor(of: map, zone)
    if index == 0 { checkKeptFrames(of: map, idle) }
    var inUse: UInt = 0
    var head = data.lowerBound
    while head < data.upperBound {
      guard let image = view.descriptor(of: head) else { break }
      let folio = Folio(head: head, order: order(of: image, at: head, map))
      if image.flags >> 51 != idle.place >> 51 || image.flags & vmemmap.format.reserved == 0 {
        report(.devicePlace, at: head)
      }
      if image.link != idle.token {
        report(.deviceMap, at: head)
      }
      if image.counts.references < idle.references {
        report(.deviceReferences, at: head)
      } else if image.counts.references > idle.references {
        inUse &+=
          map.type.isHandedOut
          ? folio.order.pageCount : UInt(image.counts.references &- idle.references)
      }
      if folio.order > .page { checkTails(of: folio, idle) }
      head = folio.frames.upperBound
    }
    return inUse
  }

  /// Frames that an altmap gives out are the kernel's own.
  private mutating func checkKeptFrames(of map: DevicePagemap, _ idle: DeviceDescriptor) {
    guard let altmap = map.altmap else { return }
    let first = PageFrameNumber(altmap.base.rawValue &+ altmap.reservedCount)
    var wrong: PageFrameNumber?
    view.forEachDescriptor(in: first..<map.dataFrames(ofRange: 0).lowerBound) { pfn, image in
      let isOwn =
        image.flags == idle.place && image.counts == DescriptorCounts(references: 1)
        && !image.hasMoreThanCounts
      if !isOwn { wrong = wrong ?? pfn }
    }
    if let wrong { report(.altmapDescriptor, at: wrong) }
  }

  /// The order of the folio that a head says it is.
  private func order(
    of image: DescriptorImage, at head: PageFrameNumber, _ map: DevicePagemap
  ) -> PageOrder {
    if map.isCompound { return map.folioOrder }
    guard image.flags & vmemmap.format.head != 0,
      let second = view.descriptor(of: head.advanced(by: 1))
    else { return .page }
    let order = PageOrder(Int(truncatingIfNeeded: second.flags & 63))
    return head.isAligned(to: order) ? order : .page
  }

  private mutating func checkTails(of folio: Folio, _ idle: DeviceDescriptor) {
    let template = vmemmap.tailTemplate(for: folio, place: idle.place)
    let second = template.place | UInt64(folio.order.rawValue)
    var lost: PageFrameNumber?
    var misplaced: PageFrameNumber?
    var written: PageFrameNumber?
    forEachOwnPage(of: folio) { frames in
      view.forEachDescriptor(in: frames) { pfn, image in
        guard pfn != folio.head else { return }
        if image.link != template.link || image.counts.references != 0 { lost = lost ?? pfn }
        let flags = pfn == folio.head.advanced(by: 1) ? second : template.place
        if image.flags != flags { misplaced = misplaced ?? pfn }
        if !image.isPlainTail { written = written ?? pfn }
      }
    }
    if let lost { report(.deviceTail, at: lost) }
    if let misplaced { report(.devicePlace, at: misplaced) }
    if let written { report(.descriptorWords, at: written) }
  }

  /// Calls `body` with the frames of `folio` that each vmemmap page describes, but for pages that
  /// show what the one before shows, or a shared tail.
  private func forEachOwnPage(of folio: Folio, _ body: (FrameRange) -> Void) {
    let perPage = vmemmap.descriptorsPerPage
    var last: PageFrameNumber?
    var start = folio.head
    while start < folio.frames.upperBound {
      let next = PageFrameNumber((start.rawValue / perPage &+ 1) &* perPage)
      let end = min(next, folio.frames.upperBound)
      let frame = view.mapping(of: vmemmap.address(of: start))?.frame
      if let frame, frame != last, !sharedTails.contains(sorted: frame) { body(start..<end) }
      (last, start) = (frame, end)
    }
  }

  // MARK: Mapping

  /// Looks at how the descriptors of a range are mapped, and notes which share a frame.
  private mutating func checkMapping(ofRange index: Int, _ map: DevicePagemap, _ zone: Zone) {
    guard map.isCompound else { return }
    let memory = map.described(map.ranges[index], near: zone.node, zone)
    var head = map.dataFrames(ofRange: index).lowerBound
    let end = map.dataFrames(ofRange: index).upperBound
    while head < end {
      checkMapping(of: Folio(head: head, order: map.folioOrder), memory, map, zone)
      head = PageFrameNumber(head.rawValue &+ map.folioOrder.pageCount)
    }
  }

  private mutating func checkMapping(
    of folio: Folio, _ memory: DescribedMemory, _ map: DevicePagemap, _ zone: Zone
  ) {
    let population = subsystem.devices.population
    let size = vmemmap.pageSize
    let perPage = vmemmap.descriptorsPerPage
    var page: UInt = 0
    let pageCount = vmemmap.pageCount(describing: folio.order)
    while page < pageCount {
      let pfn = PageFrameNumber(folio.head.rawValue &+ page &* perPage)
      let section = topology.sections.number(of: pfn)
      // Sections that are small share a vmemmap page with their neighbours.
      let nextSection = max(
        topology.sections.frames(of: section).upperBound.rawValue, pfn.rawValue &+ perPage)
      let border = min(nextSection, folio.frames.upperBound.rawValue)
      let next = page &+ (border &- pfn.rawValue) / perPage
      if let kept = population.keptPageCount(
        in: section, of: memory, hasAltmap: map.altmap != nil)
      {
        let start = vmemmap.address(of: folio.head)
        let first = start.advanced(byBytes: max(page, kept) &<< size.shift)
        let last = start.advanced(byBytes: next &<< size.shift)
        if first < last { foldedDevices.append(first..<last) }
        for shared in max(page, kept)..<max(next, kept) where shared >= page {
          checkSharedPage(shared, of: folio, kept: kept, zone)
        }
      }
      page = max(next, page &+ 1)
    }
  }

  /// A page of tails shows the shared tail of the zone, or the folio's own last page.
  private mutating func checkSharedPage(
    _ page: UInt, of folio: Folio, kept: UInt, _ zone: Zone
  ) {
    let optimizer = subsystem.optimizer
    let start = vmemmap.address(of: folio.head)
    let address = start.advanced(byBytes: page &<< vmemmap.pageSize.shift)
    guard let mapping = view.mapping(of: address) else { return }
    let sharesTails = optimizer.design.devices?.sharesTails == true
    let wanted =
      sharesTails
      ? optimizer.tails.existingPage(for: zone, folio.order)
      : view.mapping(of: start.advanced(byBytes: (kept &- 1) &<< vmemmap.pageSize.shift))?.frame
    if mapping.frame != wanted {
      report(
        sharesTails ? .deviceSharedTail : .deviceTailMapping, .address(address),
        wanted: wanted?.rawValue ?? .max, found: mapping.frame.rawValue)
    }
    if sharesTails, mapping.isWritable, view.tables.format.distinguishesReadOnly {
      report(.deviceTailReadOnly, .address(address))
    }
  }

  // MARK: Altmaps

  private mutating func checkAltmap(of map: DevicePagemap) {
    guard let altmap = map.altmap, let frames = map.ranges.first else { return }
    var used: UInt = 0
    for run in backing {
      let part = run.clamped(to: frames)
      guard !part.isEmpty else { continue }
      used &+= part.pageCount
      if !altmap.holds(part.lowerBound) || !altmap.holds(part.upperBound.advanced(by: -1)) {
        report(.altmapPlace, at: part.lowerBound)
      }
    }
    expect(
      .altmapFrames, .frame(frames.lowerBound), wanted: used, found: altmap.usedCount)
  }
}

// MARK: What other checks ask

extension InvariantCheck {
  /// Notes that folded descriptors at `address` are mapped to `frame`, if they are a device's.
  mutating func noteDeviceMapping(of frame: PageFrameNumber, at address: VirtualAddress) {
    let described = vmemmap.frame(at: UInt64(address.rawValue))
    let section = topology.sections[topology.sections.number(of: described)]
    guard section.marks.contains(.device) else { return }
    let last = deviceMappings.count &- 1
    if last >= 0, deviceMappings[last].frame == frame {
      deviceMappings[last].count &+= 1
    } else {
      deviceMappings.append((frame, 1))
    }
  }

  /// Brings what was noted into order, each frame once.
  mutating func sortDeviceMappings() {
    deviceMappings.sort { $0.frame < $1.frame }
    var merged: [(frame: PageFrameNumber, count: UInt)] = []
    for mapping in deviceMappings {
      if let last = merged.last, last.frame == mapping.frame {
        merged[merged.count - 1].count &+= mapping.count
      } else {
        merged.append(mapping)
      }
    }
    deviceMappings = merged
  }

  /// How many folded pages of devices are mapped to `pfn`; each has a reference to it.
  func deviceMappingCount(of pfn: PageFrameNumber) -> UInt {
    let index = deviceMappings.partitionPoint { $0.frame >= pfn }
    guard index < deviceMappings.count, deviceMappings[index].frame == pfn else { return 0 }
    return deviceMappings[index].count
  }

  /// Folded pages of devices that the kernel counts as if they were there.
  var countedFoldedDevicePages: UInt {
    guard subsystem.optimizer.design.devices?.countsFoldedPages == true else { return 0 }
    return deviceMappings.reduce(0) { $0 &+ $1.count }
  }
}
