// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import KernelMemory

/// What tests look at on a machine with memory blocks.
extension HotplugHost {
  /// A small machine with blocks of movable memory, on which huge pages land first.
  static func withMovableBlocks(
    _ kernel: KernelDesign = .unified, blocks: UInt = 1, folds: Bool = true, nodes: Int = 1
  ) throws -> HotplugHost {
    let host = try HotplugHost(
      kernel, memory: UInt(nodes * nodes) * 128 << 20, nodes: nodes,
      commandLine: folds ? "hugetlb_free_vmemmap=on" : "")
    try host.plug(blocks, as: .onlineMovable)
    return host
  }

  /// What is in a frame, by words.
  func contents(of pfn: PageFrameNumber) -> EntryTable {
    subsystem.tables.table(at: subsystem.format.pageSize.address(of: pfn))
  }

  /// A word that is like no other.
  func word(_ index: UInt) -> PageTableEntry {
    subsystem.format.leaf(
      subsystem.format.pageSize.address(of: PageFrameNumber(index + 7)), at: 0)
  }

  /// The pages of the pool that are folded, on all nodes.
  var foldedPageCount: UInt {
    subsystem.foldingSummaries.filter { $0.pageByteCount == pool.byteCount }
      .reduce(0) { $0 + $1.foldedPageCount }
  }

  /// The present pages of all zones.
  var presentPageCount: UInt {
    subsystem.topology.zones.reduce(0) { $0 + $1.presentPageCount }
  }

  /// The free huge pages on block `number`.
  func hugePages(on number: UInt) -> [Folio] {
    let frames = hotplug.frames(ofBlock: number)
    return subsystem.freeHugePages(of: pool.byteCount).filter { frames.overlaps($0) }
      .map { Folio(head: $0.lowerBound, order: pool.order) }
  }

  /// The frames of block `number` that are free.
  func freePageCount(on number: UInt) -> UInt {
    let frames = hotplug.frames(ofBlock: number)
    for zone in subsystem.topology.zones { allocator.drainCPULists(of: zone) }
    guard let zone = subsystem.topology.zone(of: frames.lowerBound) else { return 0 }
    let lists = allocator.freeLists[zone.index]
    let sections = subsystem.topology.sections
    var count: UInt = 0
    hotplug.forEachSection(of: frames) { section in
      let own = sections.frames(of: section)
      if allocator.isFreeSection(section, in: lists) {
        count += own.pageCount
      } else {
        allocator.forEachFreeBlock(in: own) { count += $1.pageCount }
      }
    }
    return count
  }
}
