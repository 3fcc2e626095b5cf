// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Damaged vmalloc areas are found` {
  /// A host with a huge area and one of five pages, which is damaged.
  private struct Damaged {
    let host: DamagedHost
    let huge: VmallocArea
    let area: VmallocArea
    var arena: VmallocArena { host.subsystem.vmalloc }
    var laws: [String] { host.brokenLaws }

    init() throws {
      host = try DamagedHost()
      let arena = host.subsystem.vmalloc
      huge = try arena.allocate(
        VmallocRequest(byteCount: 4 << 20, mapping: .largestThatFits))
      area = try arena.allocate(VmallocRequest(byteCount: 5 << 12))
      #expect(host.brokenLaws == [])
    }

    func address(ofPage index: UInt) -> VirtualAddress {
      area.start.advanced(byBytes: index << 12)
    }

    /// Puts an area into the tree that is like no area can be.
    func insert(
      _ range: Range<VirtualAddress>, flags: VmallocArea.Flags = [.sparse], order: Int = 0,
      requested: UInt, state: VmallocArea.State = .complete
    ) {
      let area = VmallocArea(
        addresses: range, flags: flags, order: PageOrder(order), pageSize: .fourKiB,
        requestedByteCount: requested, caller: [])
      area.state = state
      arena.tree.insert(range, area)
    }
  }

  private func range(_ start: VirtualAddress, _ byteCount: UInt) -> Range<VirtualAddress> {
    start..<start.advanced(byBytes: byteCount)
  }

  @Test func `an area is larger than was asked for`() throws {
    let damaged = try Damaged()
    damaged.insert(range(damaged.area.addresses.upperBound, 3 << 12), requested: 4096)
    #expect(damaged.laws == ["P-VMALLOC 1"])
  }

  @Test func `two areas overlap`() throws {
    let damaged = try Damaged()
    damaged.insert(range(damaged.address(ofPage: 4), 3 << 12), requested: 2 << 12)
    #expect(damaged.laws == ["P-VMALLOC 2"])
  }

  @Test func `an area lies elsewhere`() throws {
    let damaged = try Damaged()
    damaged.insert(range(VirtualAddress(1 << 30), 3 << 12), requested: 2 << 12)
    #expect(damaged.laws == ["P-VMALLOC 2"])
  }

  @Test func `an area of blocks starts inside one`() throws {
    let damaged = try Damaged()
    damaged.insert(
      range(damaged.area.addresses.upperBound, 2 << 20 | 4096), order: 9, requested: 2 << 20)
    #expect(damaged.laws == ["P-VMALLOC 4"])
  }

  @Test func `a page of a block lies elsewhere`() throws {
    let damaged = try Damaged()
    damaged.huge.pages.swapAt(3, 4)
    #expect(damaged.laws == ["P-VMALLOC 5", "P-VMALLOC 8"])
  }

  @Test func `a page is missing from an area's list`() throws {
    let damaged = try Damaged()
    let pfn = damaged.area.pages.removeLast()
    #expect(damaged.laws.contains("P-VMALLOC 5"))
    damaged.area.pages.append(pfn)
    #expect(damaged.laws == [])
  }

  @Test func `a page has no reference`() throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.with(damaged.area.pages[2]) {
      $0.counts = DescriptorCounts(references: 0)
    }
    #expect(damaged.laws == ["P-VMALLOC 6"])
  }

  @Test func `a page is the head of a folio`() throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.set(damaged.host.vmemmap.format.head, at: damaged.huge.pages[0])
    #expect(damaged.laws == ["P-VMALLOC 6"])
  }

  @Test func `a page was given back and the area still has it`() throws {
    let damaged = try Damaged()
    damaged.host.allocator.freeFrame(damaged.area.pages[1])
    #expect(damaged.laws.contains("I 2"))
  }

  @Test func `an area was never completed`() throws {
    let damaged = try Damaged()
    damaged.insert(
      range(damaged.area.addresses.upperBound, 2 << 12), requested: 4096, state: .incomplete)
    #expect(damaged.laws == ["P-VMALLOC 7"])
  }

  @Test func `two pages are mapped the wrong way round`() throws {
    let damaged = try Damaged()
    let format = damaged.host.format
    let table = try #require(
      damaged.host.tables.existingTable(for: damaged.area.start, level: 0))
    let index = format.index(of: damaged.area.start, at: 0)
    (table[index], table[index + 1]) = (table[index + 1], table[index])
    #expect(damaged.laws == ["P-VMALLOC 8"])
  }

  @Test func `a page is not mapped`() throws {
    for page: UInt in [0, 2, 4] {
      let damaged = try Damaged()
      damaged.host.setEntry(for: damaged.address(ofPage: page), .absent)
      #expect(damaged.laws == ["P-VMALLOC 8"])
    }
  }

  @Test func `a page that cannot be written is mapped`() throws {
    let damaged = try Damaged()
    let frame = damaged.host.format.pageSize.address(of: damaged.area.pages[0])
    damaged.host.setEntry(
      for: damaged.area.start, damaged.host.format.leaf(frame, at: 0, .readOnly))
    #expect(damaged.laws == ["P-POP 17"])
  }

  @Test func `the guard page is mapped`() throws {
    let damaged = try Damaged()
    let frame = damaged.host.format.pageSize.address(of: damaged.area.pages[0])
    damaged.host.setEntry(
      for: damaged.address(ofPage: 5), damaged.host.format.leaf(frame, at: 0))
    #expect(damaged.laws == ["P-VMALLOC 9"])
  }

  @Test func `something is mapped without an area`() throws {
    let damaged = try Damaged()
    let frame = damaged.host.format.pageSize.address(of: damaged.area.pages[0])
    damaged.host.setEntry(
      for: damaged.address(ofPage: 9), damaged.host.format.leaf(frame, at: 0))
    #expect(damaged.laws == ["P-VMALLOC 9"])
  }

  @Test func `a freed area is still mapped`() throws {
    let damaged = try Damaged()
    let (start, pfn) = (damaged.area.start, damaged.area.pages[0])
    try damaged.arena.free(at: start)
    let frame = damaged.host.format.pageSize.address(of: pfn)
    damaged.host.setEntry(for: start, damaged.host.format.leaf(frame, at: 0))
    #expect(damaged.laws == ["P-VMALLOC 9"])
  }

  @Test func `an area of base pages is mapped by a leaf`() throws {
    let host = try DamagedHost()
    let arena = host.subsystem.vmalloc
    let area = try arena.allocate(VmallocRequest(byteCount: 2 << 20))
    let upper = try #require(host.tables.existingTable(for: area.start, level: 1))
    let index = host.format.index(of: area.start, at: 1)
    guard area.pages[0].isAligned(to: PageOrder(9)),
      case .table(let lower) = host.format.state(of: upper[index], at: 1)
    else {
      Issue.record("the area is no block with a table of its own")
      return
    }
    upper[index] = host.format.leaf(host.format.pageSize.address(of: area.pages[0]), at: 1)
    #expect(host.brokenLaws.contains("P-VMALLOC 11"))
    upper[index] = host.format.table(lower, ofLevel: 0)
    #expect(host.brokenLaws == [])
  }

  @Test func `a freed area's addresses are free too early`() throws {
    let damaged = try Damaged()
    try damaged.arena.free(at: damaged.area.start)
    _ = damaged.arena.tree.remove(startingAt: damaged.area.start)
    #expect(damaged.laws == ["P-VMALLOC 13", "I 3"])
  }

  @Test func `pages of freed areas are miscounted`() throws {
    let damaged = try Damaged()
    damaged.arena.unpurgedPageCount += 1
    #expect(damaged.laws == ["I 3"])
  }

  @Test func `freed areas are not purged`() throws {
    let damaged = try Damaged()
    let area = VmallocArea(
      addresses: range(damaged.area.addresses.upperBound, 33 << 20), flags: [.sparse],
      order: .page, pageSize: .fourKiB, requestedByteCount: 33 << 20 - 4096, caller: [])
    area.state = .unpurged
    damaged.arena.tree.insert(area.addresses, area)
    damaged.arena.unpurged.append(area)
    damaged.arena.unpurgedPageCount = 33 << 8
    #expect(damaged.laws == ["P-VMALLOC 14"])
  }

  @Test func `an area has large blocks where that is forbidden`() throws {
    let host = try DamagedHost(commandLine: "nohugevmalloc")
    let arena = host.subsystem.vmalloc
    let start = host.format.vmallocRange.lowerBound
    let area = VmallocArea(
      addresses: range(start, 2 << 20 | 4096), flags: [.sparse], order: PageOrder(9),
      pageSize: .fourKiB, requestedByteCount: 2 << 20, caller: [])
    area.state = .complete
    arena.tree.insert(area.addresses, area)
    #expect(host.brokenLaws == ["P-VMALLOC 18"])
  }

  @Test func `a node's pages of areas are miscounted`() throws {
    let damaged = try Damaged()
    damaged.arena.nodePageCounts.update(0) { $0 += 1 }
    #expect(damaged.laws == ["P-VMALLOC 20"])
  }

  @Test func `a TLB leads elsewhere`() throws {
    let damaged = try Damaged()
    let host = damaged.host
    #expect((try? host.machine.load(damaged.area.start)) != nil)
    let table = try #require(host.tables.existingTable(for: damaged.area.start, level: 0))
    let index = host.format.index(of: damaged.area.start, at: 0)
    let other = host.format.pageSize.address(of: damaged.area.pages[1])
    table[index] = host.format.leaf(other, at: 0)
    #expect(damaged.laws == ["I 5", "P-VMALLOC 8"])
  }
}
