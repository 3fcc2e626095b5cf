// SPDX-License-Identifier: Apache-2.0

// What descriptors of device memory say at first (spec 07 section 5).
//
//   head or single   place, reserved · names the map · idle references
//   tail             place, reserved · leads to its head
//
// Only descriptors in vmemmap pages that a compound page has to itself are written: in the others
// they are complete already.

extension DeviceMemory {
  /// Writes the descriptors of range `index`, which have just been mapped.
  ///
  /// - Linux: `memmap_init_zone_device()`.
  func initializeDescriptors(
    of index: Int, _ map: DevicePagemap, _ zone: Zone, _ memory: DescribedMemory
  ) {
    setMigrateTypes(of: memory.frames)
    let data = map.dataFrames(ofRange: index)
    if let altmap = map.altmap {
      let first = PageFrameNumber(memory.frames.lowerBound.rawValue &+ altmap.reservedCount)
      let kernelsOwn = DeviceDescriptor(place: place(in: zone), token: 0, references: 1)
      writeSingles(first..<data.lowerBound, kernelsOwn)
    }
    let descriptor = idleDescriptor(of: map, zone)
    guard map.folioOrder > .page else { return writeSingles(data, descriptor) }
    var head = data.lowerBound
    while head < data.upperBound {
      let folio = Folio(head: head, order: map.folioOrder)
      writeCompound(folio, descriptor, memory, hasAltmap: map.altmap != nil)
      head = folio.frames.upperBound
    }
  }

  /// What the descriptor of an idle page of `map` says.
  func idleDescriptor(of map: DevicePagemap, _ zone: Zone) -> DeviceDescriptor {
    DeviceDescriptor(
      place: place(in: zone), token: map.token, references: policy.idleReferences(map.type))
  }

  /// Node, zone and the mark of memory that the allocator never sees.
  private func place(in zone: Zone) -> UInt64 { zone.place | vmemmap.format.reserved }

  /// Memory of devices counts as movable, in all its pageblocks.
  private func setMigrateTypes(of frames: FrameRange) {
    topology.sections.setMigrateType(.movable, ofAllIn: frames)
  }

  /// Writes the descriptors of `frames` as single pages.
  func writeSingles(_ frames: FrameRange, _ descriptor: DeviceDescriptor) {
    let perPage = vmemmap.descriptorsPerPage
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      let next = PageFrameNumber((pfn.rawValue / perPage &+ 1) &* perPage)
      let end = min(next, frames.upperBound)
      unsafe vmemmap.withRun(from: pfn) {
        unsafe descriptor.fill($0, count: end.rawValue &- pfn.rawValue)
      }
      pfn = end
    }
  }

  /// Writes the descriptors of a compound page, as far as they are its own.
  private func writeCompound(
    _ folio: Folio, _ descriptor: DeviceDescriptor, _ memory: DescribedMemory, hasAltmap: Bool
  ) {
    vmemmap.prepareHeadPage(of: folio, place: descriptor.place)
    writeHead(folio.head, descriptor)
    let perPage = vmemmap.descriptorsPerPage
    var start = folio.head.rawValue &+ perPage
    let end = folio.frames.upperBound.rawValue
    while start < end {
      let section = topology.sections.number(of: PageFrameNumber(start))
      // Sections that are small share a vmemmap page with their neighbours.
      let next = max(topology.sections.frames(of: section).upperBound.rawValue, start &+ perPage)
      let border = min(next, end)
      var limit = border
      if let kept = population.keptPageCount(in: section, of: memory, hasAltmap: hasAltmap) {
        limit = min(border, max(start, folio.head.rawValue &+ kept &* perPage))
      }
      writeTails(PageFrameNumber(start)..<PageFrameNumber(limit), of: folio, descriptor)
      start = border
    }
  }

  private func writeTails(_ frames: FrameRange, of folio: Folio, _ descriptor: DeviceDescriptor) {
    let template = vmemmap.tailTemplate(for: folio, place: descriptor.place)
    let perPage = vmemmap.descriptorsPerPage
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      unsafe vmemmap.withPage(startingAt: pfn) { unsafe template.fill($0, count: perPage) }
      pfn = PageFrameNumber(pfn.rawValue &+ perPage)
    }
  }

  /// Completes the head descriptor of a compound page.
  func writeHead(_ head: PageFrameNumber, _ descriptor: DeviceDescriptor) {
    vmemmap.with(head) { words in
      words.link = descriptor.token
      words.counts = DescriptorCounts(references: descriptor.references)
    }
  }

  /// Makes the descriptors of `frames` blank where they stay: in sections that were there at boot.
  func blankEarlyDescriptors(of frames: FrameRange) {
    let sections = topology.sections
    var start = frames.lowerBound
    while start < frames.upperBound {
      let number = sections.number(of: start)
      let end = min(sections.frames(of: number).upperBound, frames.upperBound)
      if sections[number].marks.contains(.early) {
        for pfn in start..<end {
          vmemmap.with(pfn) { $0.reset(flags: 0, counts: DescriptorCounts(rawValue: 0)) }
        }
      }
      start = end
    }
  }
}

/// What the descriptor of a page of a device says.
struct DeviceDescriptor {
  /// Node, zone and marks.
  let place: UInt64
  /// The word that names the map; 0 for none.
  let token: UInt64
  let references: UInt32

  /// Writes `count` descriptors from `pointer` on, as single pages.
  @inline(__always)
  func fill(_ pointer: UnsafeMutableRawPointer, count: UInt) {
    let counts = DescriptorCounts(references: references)
    for index in 0..<Int(bitPattern: count) {
      unsafe DescriptorWords(at: pointer + index &* Int(DescriptorWords.byteCount))
        .reset(flags: place, counts: counts, link: token)
    }
  }
}
