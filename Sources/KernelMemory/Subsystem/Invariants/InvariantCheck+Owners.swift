// SPDX-License-Identifier: Apache-2.0

import Synchronization

// The owner of every frame: nobody has two, and zones manage what was not reserved at boot.

extension InvariantCheck {
  mutating func checkOwners() {
    // Frames with two owners would be counted for one of them, and every sum would be wrong.
    guard !foundOverlaps() else { return }
    var managed = Array(repeating: UInt(0), count: topology.zones.count)
    var pieces: [(FrameRange, Zone)] = []
    forEachMemory { pieces.append(($0, $1)) }
    for (frames, zone) in pieces { managed[zone.index] &+= countManaged(of: frames, zone) }
    for zone in topology.zones where zone.isPopulated {
      expect(
        .managedPages, .zone(zone.node, zone.kind), wanted: managed[zone.index],
        found: zone.managedPageCount)
    }
    let poisonedOffline = subsystem.hotplug.blocks.all.reduce(UInt(0)) { $0 &+ $1.badPageCount }
    expect(
      .badFrames, .subsystem, wanted: ownership.poisoned &+ poisonedOffline,
      found: subsystem.hugeTLB.poisonedPageCount.load(ordering: .relaxed))
  }

  private mutating func foundOverlaps() -> Bool {
    var found = false
    var end = PageFrameNumber(0)
    var owner = FrameOwner.freeList
    for run in owners.runs {
      if run.frames.lowerBound < end {
        found = true
        reportOverlap(at: run.frames.lowerBound, owner, run.owner)
      }
      if run.frames.upperBound > end { (end, owner) = (run.frames.upperBound, run.owner) }
    }
    return found
  }

  private mutating func reportOverlap(
    at pfn: PageFrameNumber, _ first: FrameOwner, _ second: FrameOwner
  ) {
    switch (first, second) {
    case (.vmemmap, .vmemmap): report(.ownVmemmapFrame, at: pfn)
    case (.sharedTail, let other) where other.isFree, (let other, .sharedTail) where other.isFree:
      report(.freedSharedTail, at: pfn)
    default: report(.oneOwner, .frameOfTwo(pfn, first, second))
    }
  }

  /// How many of `frames` the allocator was given; adds all to the ownership.
  private mutating func countManaged(of frames: FrameRange, _ zone: Zone) -> UInt {
    var managed: UInt = 0
    var start = frames.lowerBound
    var index = owners.runs.partitionPoint { $0.frames.upperBound > frames.lowerBound }
    while start < frames.upperBound {
      while index < owners.runs.count, owners.runs[index].frames.upperBound <= start { index += 1 }
      guard index < owners.runs.count, owners.runs[index].frames.lowerBound < frames.upperBound
      else { return managed &+ countUnowned(start..<frames.upperBound, zone) }
      let run = owners.runs[index].frames
      if start < run.lowerBound {
        managed &+= countUnowned(start..<run.lowerBound, zone)
        start = run.lowerBound
      }
      let part = start..<min(run.upperBound, frames.upperBound)
      managed &+= count(part, of: owners.runs[index].owner, zone)
      start = part.upperBound
    }
    return managed
  }

  private mutating func count(_ frames: FrameRange, of owner: FrameOwner, _ zone: Zone) -> UInt {
    switch owner {
    case .freeList, .freeSection, .processor: ownership.free &+= frames.pageCount
    case .pool: ownership.pooled &+= frames.pageCount
    case .table:
      ownership.tables &+= frames.pageCount
      return countUsed(frames, DescriptorCounts(type: .table, references: 1), zone)
    case .sharedTail:
      ownership.sharedTails &+= frames.pageCount
      return countUsed(frames, DescriptorCounts(references: 1), zone)
    case .vmalloc: countAreaPages(frames, zone)
    // The allocator never had them.
    case .selfHosted: return 0
    case .vmemmap: return countUsed(frames, DescriptorCounts(references: 1), zone)
    }
    return frames.pageCount
  }

  /// Counts frames in the kernel's own use that came from the page allocator, and looks whether their
  /// descriptors say so.
  private mutating func countUsed(
    _ frames: FrameRange, _ counts: DescriptorCounts, _ zone: Zone
  ) -> UInt {
    var managed: UInt = 0
    var wrong: PageFrameNumber?
    var miscounted: PageFrameNumber?
    var written: PageFrameNumber?
    view.forEachDescriptor(in: frames) { pfn, image in
      guard !image.counts.isBlank else { return }
      managed &+= 1
      if image.hasMoreThanCounts { written = written ?? pfn }
      let more = deviceMappings.isEmpty ? 0 : deviceMappingCount(of: pfn)
      let wanted = counts.with(references: counts.references &+ UInt32(truncatingIfNeeded: more))
      guard image.counts != wanted || image.flags != zone.place else { return }
      if more > 0 { miscounted = miscounted ?? pfn } else { wrong = wrong ?? pfn }
    }
    if let miscounted {
      report(
        .sharedReferences, at: miscounted)
    }
    if let wrong {
      report(.kernelFrame, at: wrong)
    }
    if let written { report(.descriptorWords, at: written) }
    return managed
  }

  /// Counts frames that none of the subsystem's parts has: kept since boot, bad, or in somebody's
  /// hand.
  private mutating func countUnowned(_ frames: FrameRange, _ zone: Zone) -> UInt {
    var found = UnownedFrames(headMark: vmemmap.format.head)
    let boot = subsystem.bootReservations
    var next = boot.partitionPoint { $0.upperBound > frames.lowerBound }
    let poison = vmemmap.format.hwpoison
    view.forEachDescriptor(in: frames) { pfn, image in
      while next < boot.count, boot[next].upperBound <= pfn { next += 1 }
      let isBoot = next < boot.count && boot[next].contains(pfn)
      if image.counts.isBlank, isBoot {
        found.reserved &+= 1
      } else if image.flags & poison != 0, image.counts.references > 0 {
        found.poisoned &+= 1
      } else {
        found.held &+= 1
        found.look(at: pfn, image, zone)
      }
    }
    ownership.reserved &+= found.reserved
    ownership.poisoned &+= found.poisoned
    ownership.held &+= found.held
    if let pfn = found.lostFree {
      report(.listedFreeFrame, at: pfn)
    }
    if let pfn = found.lostTable {
      report(.lostTable, at: pfn)
    }
    if let pfn = found.misplaced {
      report(.heldFrameZone, at: pfn)
    }
    if let pfn = found.lost { report(.lostFrame, at: pfn) }
    return found.poisoned &+ found.held
  }

  /// What was found where nobody claims the frames.
  private struct UnownedFrames {
    let headMark: UInt64
    var reserved: UInt = 0
    var poisoned: UInt = 0
    var held: UInt = 0
    var lostFree: PageFrameNumber?
    var lostTable: PageFrameNumber?
    var misplaced: PageFrameNumber?
    var lost: PageFrameNumber?
    /// Where the block ends at the latest that started with the last frame that is in use.
    var blockEnd = PageFrameNumber(0)

    init(headMark: UInt64) { self.headMark = headMark }

    mutating func look(at pfn: PageFrameNumber, _ image: DescriptorImage, _ zone: Zone) {
      if image.counts.references > 0 || !image.counts.hasNoType || image.flags & headMark != 0 {
        // What starts here is no larger than its alignment.
        let size = pfn.rawValue == 0 ? UInt.max >> 1 : pfn.rawValue & (0 &- pfn.rawValue)
        blockEnd = max(blockEnd, PageFrameNumber(pfn.rawValue &+ size))
      } else if pfn >= blockEnd, !image.isTail {
        lost = lost ?? pfn
      }
      if image.counts.isBlank { return }
      if image.counts.type == PageType.buddy.rawValue { lostFree = lostFree ?? pfn }
      if image.counts.type == PageType.table.rawValue { lostTable = lostTable ?? pfn }
      if image.flags >> 51 != zone.place >> 51 { misplaced = misplaced ?? pfn }
    }
  }
}
