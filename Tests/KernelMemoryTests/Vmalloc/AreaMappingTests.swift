// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// How areas are mapped, looked up and unmapped; spec 09 sections 4, 5 and 7, predicates 8 to 12.
@Suite struct `Mapping of vmalloc areas` {
  /// P-VMALLOC 8.
  @Test(arguments: NamedFormat.all)
  func `what is written through an area is in its frames, and nowhere after it is freed`(
    _ named: NamedFormat
  ) throws {
    let host = try AreaHost(memory: 1 << 30, format: named.format)
    for area in [try host.allocate(5 * host.page), try host.allocateHuge(4 << 20)] {
      for index in stride(from: 0, to: area.pages.count, by: 5) {
        let address = area.start.advanced(byBytes: UInt(index) * host.page + 8)
        try host.machine.store(UInt64(index) | 1 << 60, at: address)
        let frame = named.format.pageSize.address(of: area.pages[index])
        #expect(
          unsafe host.machine.pointer(to: frame).load(fromByteOffset: 8, as: UInt64.self)
            == UInt64(index) | 1 << 60)
      }
      #expect(host.mappingFaults(of: area) == [])
      try host.free(area)
      #expect(host.arena.frame(at: area.start) == nil)
      #expect((try? host.machine.walk(area.start)) == nil)
    }
  }

  /// P-VMALLOC 9.
  @Test func `nothing is looked up outside the addresses of areas`() throws {
    let host = try AreaHost()
    let addresses = [
      0, 0x1000, UInt.max, host.format.vmemmapBase.rawValue, host.base.rawValue - 1,
      host.format.vmallocRange.upperBound.rawValue,
    ]
    for address in addresses { #expect(host.arena.frame(at: VirtualAddress(address)) == nil) }
    #expect(host.arena.warningCount == 0)
  }

  /// Predicate 12.
  /// P-VMALLOC 12.
  @Test func `a bad entry is no page, and is warned of once for each level`() throws {
    let host = try AreaHost()
    let area = try host.allocate(host.page)
    let (tables, format) = (host.subsystem.tables, host.format)
    for level in 1..<4 {
      guard let table = tables.existingTable(for: area.start, level: level) else {
        Issue.record("no table of level \(level)")
        return
      }
      let index = format.index(of: area.start, at: level)
      let good = table[index]
      let damaged: [UInt64] = [
        good.rawValue | (1 << 9), good.rawValue & ~2, good.rawValue & ~1, 0x063 | (1 << 51),
      ]
      for bad in damaged {
        table[index] = PageTableEntry(rawValue: bad)
        #expect(host.arena.frame(at: area.start) == nil)
        #expect(host.arena.warningCount == level)
      }
      table[index] = good
      #expect(host.arena.frame(at: area.start) == area.pages[0])
    }
    let top = try #require(tables.existingTable(for: area.start, level: 3))
    let index = format.index(of: area.start, at: 3)
    let good = top[index]
    top[index] = format.leaf(PhysicalAddress(0), at: 3)
    #expect(host.arena.frame(at: area.start) == nil, "no leaf is that large")
    top[index] = good
    #expect(host.complaints == [])
  }

  /// P-VMALLOC 12.
  @Test func `a leaf is told from a bad entry at every level that has leaves`() throws {
    let host = try AreaHost()
    let memory = PhysicalAddress(1 << 36)..<PhysicalAddress(1 << 36 + 1 << 30 + 2 << 20 + 4096)
    let start = try host.arena.mapDevice(memory)
    for offset: UInt in [0, 123 << 12, 1 << 30, 1 << 30 + 2 << 20] {
      let found = host.subsystem.tables.lookUp(start.advanced(byBytes: offset))
      #expect(found == .frame(PageFrameNumber((1 << 36 + offset) >> 12)))
    }
    #expect(host.arena.frame(at: start) == nil, "a device's memory has no descriptors")
    #expect(host.arena.warningCount == 0)
  }

  // MARK: Tables that stand where a leaf would

  /// Leaves an empty table behind at the first addresses.
  private func leaveEmptyTable(_ host: AreaHost) throws {
    let area = try host.allocate(host.page)
    try host.free(area)
    host.arena.purge()
  }

  @Test(arguments: NamedKernel.all)
  func `an empty table gives way to a leaf`(kernel: NamedKernel) throws {
    let host = try AreaHost(kernel: kernel.design)
    try leaveEmptyTable(host)
    let before = host.subsystem.totals.tablePageCount
    let area = try host.allocateHuge(2 << 20)
    #expect(area.start == host.base)
    #expect(host.leafCount == 1)
    #expect(host.subsystem.totals.tablePageCount == before - 1)
    #expect(host.mappingFaults(of: area) == [])
    #expect(host.complaints == [])
  }

  /// Predicate 8, for a mix of leaf and pages; predicate 11.
  @Test func `7.2 maps base pages where somebody walks the tables`() throws {
    let host = try AreaHost()
    try leaveEmptyTable(host)
    let area = try host.subsystem.tables.addressSpaceLock.withReadLock {
      try host.allocateHuge(6 << 20)
    }
    #expect(area.order == PageOrder(9))
    #expect(host.leafCount == 2)
    #expect(host.mappingFaults(of: area) == [])
    #expect(host.complaints == [])
    try host.free(area)
    #expect(host.leafCount == 0)
    #expect(host.complaints == [])
  }

  // MARK: Parts of areas

  private func frames(_ host: AreaHost, _ order: PageOrder) throws -> [PageFrameNumber] {
    let head = try #require(host.subsystem.allocator.allocateBlock(order, on: NodeID(0), []))
    let pages = Array(FrameRange(start: head, pageCount: order.pageCount))
    // Each stands alone, as an area's own pages do.
    let zone = try #require(host.subsystem.topology.zone(of: head))
    for pfn in pages {
      host.subsystem.vmemmap.initialize(pfn, place: zone.place, references: 1)
    }
    return pages
  }

  /// R4: an end that is no multiple is refused, whatever callers promise.
  @Test func `a range of half blocks, or with too few pages, is refused`() throws {
    let host = try AreaHost()
    let area = try host.arena.reserveSparse(byteCount: 8 << 20)
    let pages = try frames(host, PageOrder(9))
    let start = area.start
    func map(_ from: UInt, _ to: UInt, _ pages: [PageFrameNumber], _ order: Int) -> VmallocError? {
      failure { () throws(VmallocError) in
        try host.arena.map(
          pages, in: area, at: start.advanced(byBytes: from)..<start.advanced(byBytes: to),
          order: PageOrder(order))
      }
    }
    #expect(map(4096, 2 << 20 + 4096, pages, 9) == .misaligned)
    #expect(map(0, 1 << 20, Array(pages.prefix(256)), 9) == .misaligned)
    #expect(map(0, 2 << 20, Array(pages.dropLast()), 9) == .misaligned)
    #expect(map(100, 4196, [pages[0]], 0) == .misaligned)
    #expect(map(8 << 20, 8 << 20 + 4096, [pages[0]], 0) == .misaligned, "that is the guard")
    #expect(host.arena.frame(at: start) == nil)
    #expect(map(0, 2 << 20, pages, 9) == nil)
    #expect(host.leafCount == 1)
    #expect(map(0, 4096, [pages[0]], 0) == .occupied(start))
    #expect(map(0, 2 << 20, pages, 9) == .occupied(start))
    #expect(map(2 << 20, 2 << 20 + 4096, [pages[5]], 0) == nil)
    #expect(
      map(2 << 20, 2 << 20 + 8192, [pages[6], pages[7]], 0)
        == .occupied(start.advanced(byBytes: 2 << 20)))
    #expect(host.arena.frame(at: start.advanced(byBytes: 2 << 20 + 4096)) == nil)
    #expect(host.complaints == [])
  }

  /// Predicate 10.
  /// P-VMALLOC 10.
  @Test func `a leaf is unmapped as a whole or not at all`() throws {
    let host = try AreaHost()
    let area = try host.arena.reserveSparse(byteCount: 8 << 20)
    let pages = try frames(host, PageOrder(10))
    let whole = area.start..<area.start.advanced(byBytes: 4 << 20)
    try host.arena.map(pages, in: area, at: whole, order: PageOrder(9))
    let leaves = [area.start, area.start.advanced(byBytes: 2 << 20)]
    for (from, to, cut) in [
      (0, 4096, 0), (4096, 2 << 20, 0), (0, 3 << 20, 1), (1 << 20, 4 << 20, 0),
    ] {
      let part = area.start.advanced(byBytes: UInt(from))..<area.start.advanced(byBytes: UInt(to))
      #expect(
        failure { () throws(VfreeError) in try host.arena.unmap(part, of: area) }
          == .cutsLeaf(leaves[cut]))
      #expect(host.leafCount == 2)
    }
    let beyond = whole.lowerBound..<whole.upperBound.advanced(byBytes: 8 << 20)
    #expect(
      failure { () throws(VfreeError) in try host.arena.unmap(beyond, of: area) } == .badAddress)
    try host.arena.unmap(leaves[0]..<leaves[1], of: area)
    #expect(host.leafCount == 1)
    try host.arena.unmap(whole, of: area)
    try host.arena.unmap(whole, of: area)
    #expect(host.leafCount == 0)
    #expect(host.complaints == [])
  }

  @Test func `an area of another kind has no parts`() throws {
    let host = try AreaHost()
    let area = try host.allocate(host.page)
    #expect(
      failure { () throws(VmallocError) in try host.arena.map([], in: area, at: area.usable) }
        == .misaligned)
    #expect(
      failure { () throws(VfreeError) in try host.arena.unmap(area.usable, of: area) }
        == .badAddress)
  }

  @Test func `somebody's pages can be shown, and stay somebody's`() throws {
    let host = try AreaHost()
    let owner = try host.allocate(4 * host.page)
    let shown = [owner.pages[2], owner.pages[0], owner.pages[2]]
    let view = try host.arena.map(shown)
    try host.machine.store(7, at: owner.start.advanced(byBytes: 2 * host.page))
    for (index, wanted) in [7, 0, 7].enumerated() {
      #expect(
        host.word(at: view.start.advanced(byBytes: UInt(index) * host.page)) == UInt64(wanted))
    }
    #expect(host.complaints == [])
    try host.free(view)
    #expect(host.word(at: owner.start.advanced(byBytes: 2 * host.page)) == 7)
    #expect(host.arena.ownedPageCount == 4)
    #expect(failure { () throws(VmallocError) in _ = try host.arena.map([]) } == .empty)
    #expect(host.complaints == [])
  }
}
