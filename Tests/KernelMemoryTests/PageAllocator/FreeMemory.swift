// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import KernelMemory

/// The free memory of a machine, read off the lists block by block, with what is wrong with it.
struct FreeMemory {
  /// A run of free frames and where it is kept.
  struct Block {
    enum Place: Equatable { case list(MigrateType), isolatedList, section, cpu }
    let frames: FrameRange
    let place: Place
    let zone: Int
  }

  private(set) var blocks: [Block] = []
  private(set) var faults: [String] = []
  private let allocator: PageAllocator

  init(of allocator: PageAllocator) {
    self.allocator = allocator
    for zone in allocator.topology.zones {
      readLists(of: zone)
      readSections(of: zone)
      readCPULists(of: zone)
      compareCounts(of: zone)
    }
    findOverlaps()
    findUnmergedBuddies()
  }

  private mutating func readLists(of zone: Zone) {
    let lists = allocator.freeLists[zone.index]
    for order in 0...allocator.maximumOrder.index {
      let order = PageOrder(order)
      for type in MigrateType.allCases {
        let list = lists.withList(order, type) { $0 }
        read(list, order, .list(type), zone)
      }
      read(lists.withIsolatedList(order) { $0 }, order, .isolatedList, zone)
    }
  }

  private mutating func read(
    _ list: FrameList, _ order: PageOrder, _ place: Block.Place, _ zone: Zone
  ) {
    var heads: [PageFrameNumber] = []
    allocator.vmemmap.forEach(in: list) { head in
      heads.append(head)
      return heads.count <= Int(list.count)
    }
    if heads.count != Int(list.count) {
      faults.append("\(place), order \(order.index): \(heads.count) of \(list.count) blocks")
    }
    for head in heads { add(head, order, place, zone) }
  }

  private mutating func add(
    _ head: PageFrameNumber, _ order: PageOrder, _ place: Block.Place, _ zone: Zone
  ) {
    let sections = allocator.topology.sections
    func note(_ fault: String) {
      faults.append("block \(head.rawValue), order \(order.index): \(fault)")
    }
    blocks.append(
      Block(
        frames: FrameRange(start: head, pageCount: order.pageCount), place: place,
        zone: zone.index))
    if !head.isAligned(to: order) { note("not aligned") }
    if place != .cpu, allocator.vmemmap.freeBlockOrder(at: head) != order {
      note("its head says something else")
    }
    if allocator.vmemmap.references(to: head) != 0 { note("has references") }
    let last = head.advanced(by: Int(order.pageCount) - 1)
    if allocator.topology.zone(of: head) !== zone || allocator.topology.zone(of: last) !== zone {
      note("not in zone \(zone.index)")
    }
    var block = head.aligned(downTo: allocator.pageblockOrder)
    while place != .cpu, block <= last {
      let isolated = sections.isIsolated(block)
      let isRight =
        isolated ? place == .isolatedList : place == .list(sections.migrateType(of: block))
      if !isRight { note("on \(place), not that of its pageblock") }
      block = PageFrameNumber(block.rawValue + allocator.pageblockOrder.pageCount)
    }
  }

  private mutating func readSections(of zone: Zone) {
    let lists = allocator.freeLists[zone.index]
    for bit in 0..<lists.freeSections.bitCount where lists.freeSections[bit] {
      let number = SectionNumber(lists.firstSection.rawValue + UInt(bit))
      blocks.append(
        Block(
          frames: allocator.topology.sections.frames(of: number), place: .section,
          zone: zone.index))
    }
  }

  private mutating func readCPULists(of zone: Zone) {
    var found: [(PageFrameNumber, PageOrder)] = []
    allocator.cpuLists[zone.index].forEachList { list, order in
      allocator.vmemmap.forEach(in: list) {
        found.append(($0, order))
        return true
      }
    }
    for (pfn, order) in found { add(pfn, order, .cpu, zone) }
  }

  /// The free pages of a zone, CPUs' lists and isolated blocks apart.
  func pageCount(inZone index: Int) -> UInt {
    blocks.reduce(0) {
      $1.zone == index && $1.place != .cpu && $1.place != .isolatedList
        ? $0 + $1.frames.pageCount : $0
    }
  }

  private mutating func compareCounts(of zone: Zone) {
    let lists = allocator.freeLists[zone.index]
    let free = lists.freePageCount.load(ordering: .relaxed)
    if free != pageCount(inZone: zone.index) {
      faults.append("zone \(zone.index): \(free) counted, \(pageCount(inZone: zone.index)) found")
    }
    let area = blocks.reduce(UInt(0)) {
      $1.zone == zone.index && $1.place == .list(.cma) ? $0 + $1.frames.pageCount : $0
    }
    if area != lists.freeContiguousPageCount.load(ordering: .relaxed) {
      faults.append("zone \(zone.index): \(area) pages for contiguous allocation found")
    }
    let kept = blocks.reduce(UInt(0)) {
      $1.zone == zone.index && $1.place == .cpu ? $0 + $1.frames.pageCount : $0
    }
    if kept != allocator.cpuLists[zone.index].pageCount {
      faults.append("zone \(zone.index): \(kept) pages of CPUs found")
    }
  }

  private mutating func findOverlaps() {
    blocks.sort { $0.frames.lowerBound < $1.frames.lowerBound }
    for (a, b) in zip(blocks, blocks.dropFirst())
    where b.frames.lowerBound < a.frames.upperBound {
      faults.append("frame \(b.frames.lowerBound.rawValue) is free twice")
    }
  }

  /// Two halves of a block are never both free as blocks of their own, unless their types forbid it.
  private mutating func findUnmergedBuddies() {
    let sections = allocator.topology.sections
    for (a, b) in zip(blocks, blocks.dropFirst()) where a.frames.pageCount == b.frames.pageCount {
      let order = PageOrder(holding: a.frames.pageCount)
      guard order < allocator.maximumOrder, a.zone == b.zone, a.place.merges, b.place.merges,
        a.frames.lowerBound.buddy(at: order) == b.frames.lowerBound
      else { continue }
      let (first, second) = (a.frames.lowerBound, b.frames.lowerBound)
      let types = (sections.migrateType(of: first), sections.migrateType(of: second))
      guard types.0 == types.1 || (types.0.merges && types.1.merges),
        sections.isIsolated(first) == sections.isIsolated(second)
      else { continue }
      faults.append("buddies \(first.rawValue), \(second.rawValue) were not merged")
    }
  }
}

extension FreeMemory.Block.Place {
  /// Whether blocks kept here merge with their buddies.
  fileprivate var merges: Bool { self != .cpu && self != .section }
}
