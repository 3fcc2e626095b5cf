// SPDX-License-Identifier: Apache-2.0

// Memory that joins a zone after boot, or leaves it. Callers are serialised by the hot-plug lock;
// others look meanwhile.

extension MemoryTopology {
  /// Makes `frames` memory of `zone`: the zone spans them, and its node has them.
  ///
  /// What is present or managed is up to the caller.
  ///
  /// - Precondition: the frames have descriptors and belong to no zone.
  /// - Linux: `move_pfn_range_to_zone()`.
  func attach(_ frames: FrameRange, to zone: Zone) {
    let span = zone.span
    zone.extent.change(
      to: span.isEmpty
        ? frames
        : min(span.lowerBound, frames.lowerBound)..<max(span.upperBound, frames.upperBound))
    memory(for: zone)?.insert(frames)
    forEachSection(of: frames) { number, isWhole in
      sections.update(number) { section in
        section.zoneIndex = isWhole ? UInt16(zone.index) : nil
        if zone.kind == .device { section.marks.insert(.device) }
      }
    }
  }

  /// Makes `frames` memory of no zone again; the zone's span shrinks to what is left, but for that of
  /// devices.
  ///
  /// - Linux: `remove_pfn_range_from_zone()`.
  func detach(_ frames: FrameRange, from zone: Zone) {
    memory(for: zone)?.remove(frames)
    forEachSection(of: frames) { number, _ in
      let owner = soleOwner(of: number)
      let hasDevice = nodes.contains { $0.deviceMemory.touches(sections.frames(of: number)) }
      sections.update(number) { section in
        section.zoneIndex = owner
        if !hasDevice { section.marks.remove(.device) }
      }
    }
    guard zone.kind != .device else { return }
    let span = zone.span
    if frames.lowerBound <= span.lowerBound || frames.upperBound >= span.upperBound {
      zone.extent.change(to: shrunk(span, of: zone))
    }
  }

  /// The part of `span` from the first to the last frame that still is memory of `zone`.
  ///
  /// The search comes from both ends, where most often something is found at once.
  private func shrunk(_ span: FrameRange, of zone: Zone) -> FrameRange {
    let memory = memory(for: zone)?.ranges.map { $0.clamped(to: span) } ?? []
    for range in memory {
      guard let first = firstFrame(of: zone, in: range) else { continue }
      for range in memory.reversed() {
        if let end = end(of: zone, in: range) { return first..<end }
      }
    }
    return PageFrameNumber(0)..<PageFrameNumber(0)
  }

  private func firstFrame(of zone: Zone, in range: FrameRange) -> PageFrameNumber? {
    var start = range.lowerBound
    while start < range.upperBound {
      let number = sections.number(of: start)
      let end = min(sections.frames(of: number).upperBound, range.upperBound)
      let own = share(of: zone, in: number, start..<end)
      if !own.isEmpty { return own.lowerBound }
      start = end
    }
    return nil
  }

  /// One more than the last frame of `zone` in `range`.
  private func end(of zone: Zone, in range: FrameRange) -> PageFrameNumber? {
    var end = range.upperBound
    while end > range.lowerBound {
      let number = sections.number(of: end.advanced(by: -1))
      let start = max(sections.frames(of: number).lowerBound, range.lowerBound)
      let own = share(of: zone, in: number, start..<end)
      if !own.isEmpty { return own.upperBound }
      end = start
    }
    return nil
  }

  /// The part of `frames`, memory in section `number`, from the first to the last frame of `zone`.
  ///
  /// In a section at a border, memory of one pageblock still is of one zone.
  private func share(of zone: Zone, in number: SectionNumber, _ frames: FrameRange) -> FrameRange {
    let none = frames.lowerBound..<frames.lowerBound
    if let index = sections.zoneIndex(of: number) { return zones[index] === zone ? frames : none }
    var own = none
    var start = frames.lowerBound
    while start < frames.upperBound {
      let next = start.advanced(by: 1).aligned(upTo: sections.pageblockOrder)
      let end = min(next, frames.upperBound)
      if self.zone(of: start) === zone { own = (own.isEmpty ? start : own.lowerBound)..<end }
      start = end
    }
    return own
  }

  /// The place of the zone that all the memory in section `number` belongs to, if it is just one.
  private func soleOwner(of number: SectionNumber) -> UInt16? {
    let frames = sections.frames(of: number)
    var owner: UInt16?
    for zone in zones {
      guard let memory = memory(for: zone),
        zone.kind == .device
          ? memory.touches(frames) : memory.touches(frames.clamped(to: zone.span))
      else { continue }
      if owner != nil { return nil }
      owner = UInt16(zone.index)
    }
    return owner
  }

  private func memory(for zone: Zone) -> MemoryRanges? {
    node(zone.node).map { zone.kind == .device ? $0.deviceMemory : $0.ownMemory }
  }

  /// Calls `body` with each section that `frames` touch, and whether they hold all of it.
  private func forEachSection(of frames: FrameRange, _ body: (SectionNumber, Bool) -> Void) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      let number = sections.number(of: start)
      let section = sections.frames(of: number)
      let end = min(section.upperBound, frames.upperBound)
      body(number, start == section.lowerBound && end == section.upperBound)
      start = end
    }
  }
}
