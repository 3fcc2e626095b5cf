// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory of one zone that nobody can allocate any more, in part or all of it still in use.
///
/// Its free blocks are on lists of their own, counted nowhere, and what is freed joins them. It goes
/// back with ``PageAllocator/release(_:)`` or leaves for good with ``PageAllocator/remove(_:)``.
///
/// - Linux: pageblocks of type `MIGRATE_ISOLATE`.
struct IsolatedMemory {
  let frames: FrameRange
  let zone: Zone
  /// Whole free sections; they are on no list.
  fileprivate(set) var freeSections: [SectionNumber] = []
}

extension PageAllocator {
  /// Keeps `frames`, whole pageblocks of `zone`, from being allocated.
  ///
  /// - Linux: `start_isolate_page_range()`, without the look at what is in use.
  func isolate(_ frames: FrameRange, of zone: Zone) -> IsolatedMemory {
    var isolated = IsolatedMemory(frames: frames, zone: zone)
    let lists = freeLists[zone.index]
    lists.lock.withLock {
      forEachSection(of: frames) { number, part in
        let isWhole = part.pageCount == topology.sections.order.pageCount
        if isWhole, isFreeSection(number, in: lists) {
          lists.freeSections[lists.bit(of: number)] = false
          count(part.pageCount, takenFrom: lists, type: .movable)
          isolated.freeSections.append(number)
          setIsolated(true, part)
        } else {
          if isFreeSection(number, in: lists) { openSection(number, in: lists) }
          move(part, isolated: true, in: lists)
        }
      }
    }
    drainCPULists(of: zone)
    return isolated
  }

  /// Lets isolated memory be allocated again.
  ///
  /// - Linux: `undo_isolate_page_range()`.
  func release(_ isolated: IsolatedMemory) {
    let lists = freeLists[isolated.zone.index]
    lists.lock.withLock {
      forEachSection(of: isolated.frames) { number, part in
        guard isolated.freeSections.contains(number) else {
          return move(part, isolated: false, in: lists)
        }
        setIsolated(false, part)
        lists.freeSections[lists.bit(of: number)] = true
        count(part.pageCount, addedTo: lists, type: .movable)
      }
      lists.contiguousSearch.noteFree(isolated.frames.lowerBound)
    }
  }

  /// Whether all of it is free, but for frames that are bad.
  ///
  /// - Linux: `test_pages_isolated()`.
  func isFree(_ isolated: IsolatedMemory) -> Bool {
    let lists = freeLists[isolated.zone.index]
    return lists.lock.withLock {
      var isFree = true
      forEachSection(of: isolated.frames) { number, part in
        guard isFree, !isolated.freeSections.contains(number) else { return }
        var pfn = part.lowerBound
        while pfn < part.upperBound {
          if let order = vmemmap.freeBlockOrder(at: pfn) {
            pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
          } else if isBad(pfn) {
            pfn = pfn.advanced(by: 1)
          } else {
            isFree = false
            return
          }
        }
      }
      return isFree
    }
  }

  /// Takes all free frames of isolated memory away from the zone, and ends the isolation.
  ///
  /// - Returns: how many they were; the others are bad.
  /// - Linux: `__offline_isolated_pages()`.
  func remove(_ isolated: IsolatedMemory) -> UInt {
    let lists = freeLists[isolated.zone.index]
    var removed: UInt = 0
    lists.lock.withLock {
      forEachSection(of: isolated.frames) { number, part in
        if isolated.freeSections.contains(number) {
          removed &+= part.pageCount
        } else {
          forEachFreeBlock(in: part) { pfn, order in
            removeFromList(pfn, order, lists)
            removed &+= order.pageCount
          }
        }
        setIsolated(false, part)
        setMigrateType(.movable, part)
      }
    }
    isolated.zone.managed.wrappingSubtract(removed, ordering: .relaxed)
    managedPageCount.wrappingSubtract(removed, ordering: .relaxed)
    return removed
  }

  /// Whether `pfn` is bad memory that somebody keeps from being used.
  func isBad(_ pfn: PageFrameNumber) -> Bool {
    vmemmap.with(pfn, for: .load) {
      $0.flags & vmemmap.format.hwpoison != 0 && $0.counts.references > 0
    }
  }

  /// Moves the free blocks of `frames` to the lists of isolated blocks, or away from there.
  private func move(_ frames: FrameRange, isolated: Bool, in lists: ZoneFreeLists) {
    var blocks: [(PageFrameNumber, PageOrder)] = []
    forEachFreeBlock(in: frames) { pfn, order in
      let type = topology.sections.migrateType(of: pfn)
      if isolated { count(order.pageCount, takenFrom: lists, type: type) }
      removeFromList(pfn, order, lists)
      blocks.append((pfn, order))
    }
    setIsolated(isolated, frames)
    for (pfn, order) in blocks {
      let type = topology.sections.migrateType(of: pfn)
      link(pfn, order, type: type, in: lists)
      if !isolated { count(order.pageCount, addedTo: lists, type: type) }
    }
  }

  /// Calls `body` with each free block that starts in `frames`.
  func forEachFreeBlock(
    in frames: FrameRange, _ body: (PageFrameNumber, PageOrder) -> Void
  ) {
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      guard let order = vmemmap.freeBlockOrder(at: pfn) else {
        pfn = pfn.advanced(by: 1)
        continue
      }
      body(pfn, order)
      pfn = PageFrameNumber(pfn.rawValue &+ order.pageCount)
    }
  }

  /// Gives all pageblocks of `frames` the same type.
  func setMigrateType(_ type: MigrateType, _ frames: FrameRange) {
    forEachPageblock(of: frames) { topology.sections.setMigrateType(type, of: $0) }
  }

  private func setIsolated(_ isolated: Bool, _ frames: FrameRange) {
    forEachPageblock(of: frames) { topology.sections.setIsolated(isolated, of: $0) }
  }

  private func forEachPageblock(of frames: FrameRange, _ body: (PageFrameNumber) -> Void) {
    var pfn = frames.lowerBound
    while pfn < frames.upperBound {
      body(pfn)
      pfn = PageFrameNumber(pfn.rawValue &+ pageblockOrder.pageCount)
    }
  }

  /// Calls `body` with each section of `frames` and the part of them that lies in it.
  private func forEachSection(
    of frames: FrameRange, _ body: (SectionNumber, FrameRange) -> Void
  ) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      let number = topology.sections.number(of: start)
      let end = min(topology.sections.frames(of: number).upperBound, frames.upperBound)
      body(number, start..<end)
      start = end
    }
  }
}
