// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

// Damage to vmalloc areas (P-VMALLOC).

/// A host with a huge area and one of five pages, which is damaged.
struct DamagedAreas {
  let host: DamagedHost
  let huge: VmallocArea
  let area: VmallocArea
  var arena: VmallocArena { host.subsystem.vmalloc }
  var subsystem: MemorySubsystem { host.subsystem }

  init() throws {
    host = try DamagedHost()
    let arena = host.subsystem.vmalloc
    huge = try arena.allocate(VmallocRequest(byteCount: 4 << 20, mapping: .largestThatFits))
    area = try arena.allocate(VmallocRequest(byteCount: 5 << 12))
  }

  func address(ofPage index: UInt) -> VirtualAddress {
    area.start.advanced(byBytes: index << 12)
  }

  /// An entry that maps a page of the small area.
  func leaf(_ page: Int, _ protection: PageProtection = .readWrite) -> PageTableEntry {
    host.format.leaf(host.format.pageSize.address(of: area.pages[page]), at: 0, protection)
  }

  /// An area that was never allocated.
  func newArea(
    _ range: Range<VirtualAddress>, flags: VmallocArea.Flags = [.sparse], order: Int = 0,
    requested: UInt, state: VmallocArea.State = .complete
  ) -> VmallocArea {
    let area = VmallocArea(
      addresses: range, flags: flags, order: PageOrder(order), pageSize: .fourKiB,
      requestedByteCount: requested, caller: [])
    area.state = state
    return area
  }

  /// Puts an area into the tree that is like no area can be.
  func insert(
    _ range: Range<VirtualAddress>, order: Int = 0, requested: UInt,
    state: VmallocArea.State = .complete
  ) {
    arena.tree.insert(range, newArea(range, order: order, requested: requested, state: state))
  }

  /// The first `byteCount` bytes behind the small area.
  func behind(_ byteCount: UInt) -> Range<VirtualAddress> {
    let start = area.addresses.upperBound
    return start..<start.advanced(byBytes: byteCount)
  }
}

extension DamageList {
  mutating func addAreas() {
    addShapes()
    addPagesOfAreas()
    addFreedAreas()
  }

  private mutating func addShapes() {
    add(.areaSize, "an area is larger than was asked for") {
      let damaged = try DamagedAreas()
      damaged.insert(damaged.behind(3 << 12), requested: 4096)
      return damaged.subsystem
    }
    add(.areaTree, "two areas overlap") {
      let damaged = try DamagedAreas()
      let start = damaged.address(ofPage: 4)
      damaged.insert(start..<start.advanced(byBytes: 3 << 12), requested: 2 << 12)
      return damaged.subsystem
    }
    add(.areaAddresses, "an area has other addresses than are kept for it") {
      let damaged = try DamagedAreas()
      let range = damaged.behind(3 << 12)
      damaged.arena.tree.insert(
        range, damaged.newArea(damaged.behind(4 << 12), requested: 3 << 12))
      return damaged.subsystem
    }
    add(.areaRange, "an area lies elsewhere") {
      let damaged = try DamagedAreas()
      let start = VirtualAddress(1 << 30)
      damaged.insert(start..<start.advanced(byBytes: 3 << 12), requested: 2 << 12)
      return damaged.subsystem
    }
    add(.areaStart, "an area of blocks starts inside one") {
      let damaged = try DamagedAreas()
      damaged.insert(damaged.behind(2 << 20 | 4096), order: 9, requested: 2 << 20)
      return damaged.subsystem
    }
    add(.incompleteArea, "an area was never completed") {
      let damaged = try DamagedAreas()
      damaged.insert(damaged.behind(2 << 12), requested: 4096, state: .incomplete)
      return damaged.subsystem
    }
    add(.hugeForbidden, "an area has large blocks where that is forbidden") {
      let host = try DamagedHost(commandLine: "nohugevmalloc")
      let start = host.format.vmallocRange.lowerBound
      let area = VmallocArea(
        addresses: start..<start.advanced(byBytes: 2 << 20 | 4096), flags: [.sparse],
        order: PageOrder(9), pageSize: .fourKiB, requestedByteCount: 2 << 20, caller: [])
      area.state = .complete
      host.subsystem.vmalloc.tree.insert(area.addresses, area)
      return host.subsystem
    }
  }

  private mutating func addPagesOfAreas() {
    add(.areaBlock, "a page of a block lies elsewhere") {
      let damaged = try DamagedAreas()
      damaged.huge.pages.swapAt(3, 4)
      return damaged.subsystem
    }
    add(.areaPageCount, "a page is missing from an area's list") {
      let damaged = try DamagedAreas()
      _ = damaged.area.pages.removeLast()
      return damaged.subsystem
    }
    add(.areaPage, "a page has no reference") {
      let damaged = try DamagedAreas()
      damaged.host.vmemmap.with(damaged.area.pages[2]) {
        $0.counts = DescriptorCounts(references: 0)
      }
      return damaged.subsystem
    }
    add(.areaPage, "a page is the head of a folio") {
      let damaged = try DamagedAreas()
      damaged.host.vmemmap.set(damaged.host.vmemmap.format.head, at: damaged.huge.pages[0])
      return damaged.subsystem
    }
    add(.oneOwner, "a page was given back and the area still has it") {
      let damaged = try DamagedAreas()
      damaged.host.allocator.freeFrame(damaged.area.pages[1])
      return damaged.subsystem
    }
    add(.areaNodePages, "a node's pages of areas are miscounted") {
      let damaged = try DamagedAreas()
      damaged.arena.nodePageCounts.update(0) { $0 += 1 }
      return damaged.subsystem
    }
  }

  private mutating func addFreedAreas() {
    add(.unpurgedAreas, "a freed area's addresses are free too early") {
      let damaged = try DamagedAreas()
      try damaged.arena.free(at: damaged.area.start)
      _ = damaged.arena.tree.remove(startingAt: damaged.area.start)
      return damaged.subsystem
    }
    add(.unpurgedPages, "pages of freed areas are miscounted") {
      let damaged = try DamagedAreas()
      damaged.arena.unpurgedPageCount += 1
      return damaged.subsystem
    }
    add(.purgeThreshold, "freed areas are not purged") {
      let damaged = try DamagedAreas()
      let area = damaged.newArea(
        damaged.behind(33 << 20), requested: 33 << 20 - 4096, state: .unpurged)
      damaged.arena.tree.insert(area.addresses, area)
      damaged.arena.unpurged.append(area)
      damaged.arena.unpurgedPageCount = 33 << 8
      return damaged.subsystem
    }
  }

  mutating func addAreaMappings() {
    add(.areaMapping, "two pages are mapped the wrong way round") {
      let damaged = try DamagedAreas()
      let format = damaged.host.format
      let table = try need(damaged.host.tables.existingTable(for: damaged.area.start, level: 0))
      let index = format.index(of: damaged.area.start, at: 0)
      (table[index], table[index + 1]) = (table[index + 1], table[index])
      return damaged.subsystem
    }
    for page: UInt in [0, 2, 4] {
      add(.areaHole, "page \(page) is not mapped") {
        let damaged = try DamagedAreas()
        damaged.host.setEntry(for: damaged.address(ofPage: page), .absent)
        return damaged.subsystem
      }
    }
    add(.deviceMapping, "a device's memory is mapped elsewhere") {
      let damaged = try DamagedAreas()
      let memory = PhysicalAddress(8 << 30)..<PhysicalAddress(8 << 30 | 3 << 12)
      let start = try damaged.arena.mapDevice(memory)
      let other = damaged.host.format.leaf(PhysicalAddress(9 << 30), at: 0)
      damaged.host.setEntry(for: start.advanced(byBytes: 4096), other)
      return damaged.subsystem
    }
    add(.entryBits, "a page that cannot be written is mapped") {
      let damaged = try DamagedAreas()
      damaged.host.setEntry(for: damaged.area.start, damaged.leaf(0, .readOnly))
      return damaged.subsystem
    }
    add(.mappedGuard, "the guard page is mapped") {
      let damaged = try DamagedAreas()
      damaged.host.setEntry(for: damaged.address(ofPage: 5), damaged.leaf(0))
      return damaged.subsystem
    }
    add(.mappedGuard, "a freed area is still mapped") {
      let damaged = try DamagedAreas()
      let entry = damaged.leaf(0)
      try damaged.arena.free(at: damaged.area.start)
      damaged.host.setEntry(for: damaged.area.start, entry)
      return damaged.subsystem
    }
    add(.strayLeaf, "something is mapped without an area") {
      let damaged = try DamagedAreas()
      damaged.host.setEntry(for: damaged.address(ofPage: 9), damaged.leaf(0))
      return damaged.subsystem
    }
    add(.largeLeaf, "an area of base pages is mapped by leaves") {
      let damaged = try DamagedAreas()
      let huge = damaged.huge
      let small = damaged.newArea(
        huge.addresses, flags: huge.flags, requested: huge.requestedByteCount)
      small.pages = huge.pages
      _ = damaged.arena.tree.remove(startingAt: huge.start)
      damaged.arena.tree.insert(huge.addresses, small)
      return damaged.subsystem
    }
    add(.freshCache, "a TLB knows a page by the frame that it had") {
      let damaged = try DamagedAreas()
      let host = damaged.host
      _ = try host.machine.load(damaged.area.start)
      let table = try need(host.tables.existingTable(for: damaged.area.start, level: 0))
      let index = host.format.index(of: damaged.area.start, at: 0)
      (table[index], table[index + 1]) = (table[index + 1], table[index])
      damaged.area.pages.swapAt(0, 1)
      return damaged.subsystem
    }
  }
}
