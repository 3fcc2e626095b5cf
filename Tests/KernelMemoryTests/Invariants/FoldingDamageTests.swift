// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Damaged descriptors and mappings are found` {
  @Test(arguments: KernelDesign.all)
  func `an undamaged host is sound`(_ kernel: KernelDesign) throws {
    #expect(try DamagedHost(kernel: kernel).brokenLaws == [])
  }

  @Test func `a word changes in a shared tail`() throws {
    let host = try DamagedHost()
    let tail = host.frameAddress(behind: host.address(ofPage: 3))
    unsafe host.machine.pointer(to: tail).storeBytes(of: 7, toByteOffset: 640, as: UInt64.self)
    #expect(host.brokenLaws == ["P-HVO 10"])
  }

  @Test func `a folded tail can be written`() throws {
    let host = try DamagedHost()
    let address = host.address(ofPage: 3)
    host.setEntry(for: address, host.format.leaf(host.frameAddress(behind: address), at: 0))
    #expect(host.brokenLaws == ["P-HVO 5"])
  }

  @Test func `a folded page shows the shared tail of another node`() throws {
    let host = try DamagedHost(memory: 2 << 30, nodes: 2)
    let tails = host.subsystem.optimizer.tails
    var others: [PageFrameNumber] = []
    tails.forEach { page, zone, _ in
      if zone.node != host.subsystem.topology.nodeID(of: host.page.head) { others.append(page) }
    }
    let other = try #require(others.first)
    host.setEntry(
      for: host.address(ofPage: 7),
      host.format.leaf(host.format.pageSize.address(of: other), at: 0, .readOnly))
    #expect(host.brokenLaws == ["P-HVO 3"])
  }

  @Test func `a 6.12 page's tail shows its neighbour's head page`() throws {
    let host = try DamagedHost(kernel: .linux6_12)
    let second = try #require(host.vmemmap.next(after: host.page.head))
    let other = host.frameAddress(behind: host.vmemmap.address(of: second))
    host.setEntry(for: host.address(ofPage: 7), host.format.leaf(other, at: 0, .readOnly))
    #expect(Set(host.brokenLaws).isSuperset(of: ["P-HVO 4", "P-HVO 7", "I 6"]))
  }

  @Test func `the mark of a folded page is lost`() throws {
    let host = try DamagedHost()
    host.subsystem.optimizer.setOptimized(false, host.page)
    #expect(host.brokenLaws == ["I 6"])
  }

  @Test func `a whole page is marked as folded`() throws {
    let host = try DamagedHost(folds: false)
    host.subsystem.optimizer.setOptimized(true, host.page)
    let broken = Set(host.brokenLaws)
    #expect(broken.isSuperset(of: ["P-HVO 2", "P-HVO 3", "I 6"]))
  }

  @Test func `a page is marked as folded where none can be`() throws {
    let host = try DamagedHost(kernel: .linux5_14, format: .arm64With4KPages)
    host.subsystem.optimizer.setOptimized(true, host.page)
    #expect(host.brokenLaws == ["P-HVO 1"])
  }

  @Test func `a head page lies on the shared tail`() throws {
    let host = try DamagedHost()
    let tail = host.frameAddress(behind: host.address(ofPage: 3))
    host.setEntry(for: host.address(ofPage: 0), host.format.leaf(tail, at: 0))
    // Nobody can tell that it was a head: it reads as a tail, and its list breaks there.
    #expect(Set(host.brokenLaws).isSuperset(of: ["I 1", "P-PHYS 14"]))
  }

  @Test func `descriptors of a whole page cannot be written`() throws {
    let host = try DamagedHost()
    host.pool.resize(to: 3)
    let free = host.freeBlock(of: host.pool.order)
    let address = host.vmemmap.address(of: free.advanced(by: 128))
    let frame = host.frameAddress(behind: address)
    host.setEntry(for: address, host.format.leaf(frame, at: 0, .readOnly))
    #expect(host.brokenLaws == ["P-HVO 7"])
  }

  @Test func `two vmemmap pages have one frame`() throws {
    let host = try DamagedHost()
    host.pool.resize(to: 0)
    let free = host.freeBlock(of: host.pool.order)
    let (a, b) = (free.advanced(by: 128), free.advanced(by: 320))
    let frame = host.frameAddress(behind: host.vmemmap.address(of: a))
    host.setEntry(for: host.vmemmap.address(of: b), host.format.leaf(frame, at: 0))
    #expect(host.brokenLaws.contains("P-HVO 7"))
  }

  @Test(arguments: [KernelDesign.linux6_1, .linux7_2])
  func `a tail leads to another head`(_ kernel: KernelDesign) throws {
    let host = try DamagedHost(kernel: kernel)
    host.vmemmap.with(host.page.head.advanced(by: 5)) { $0.link &+= 1 << 20 }
    #expect(host.brokenLaws == ["P-HVO 8"])
  }

  @Test func `a tail of a whole page leads to another head`() throws {
    let host = try DamagedHost(folds: false)
    host.vmemmap.with(host.page.head.advanced(by: 400)) { $0.link &+= 1 << 20 }
    #expect(host.brokenLaws == ["P-HVO 8"])
  }

  @Test func `a tail names another node`() throws {
    let host = try DamagedHost()
    host.vmemmap.with(host.page.head.advanced(by: 9)) { $0.flags ^= 1 << 54 }
    #expect(host.brokenLaws == ["P-HVO 9"])
  }

  @Test func `a folded page's descriptors lie on the memory they describe`() throws {
    let host = try DamagedHost(kernel: .linux6_1)
    let backing = try #require(host.tables.frame(mappedAt: host.address(ofPage: 0)))
    host.vmemmap.set(host.vmemmap.format.selfHosted, at: backing)
    #expect(host.brokenLaws == ["P-HVO 23"])
  }

  @Test func `a vmemmap page too many is counted`() throws {
    let host = try DamagedHost()
    host.subsystem.accounting.bootPages.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["P-HVO 14"])
    host.subsystem.accounting.bootPages.wrappingSubtract(1, ordering: .relaxed)
    host.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["P-HVO 14"])
  }

  @Test func `a head is no longer marked as one`() throws {
    let host = try DamagedHost()
    host.vmemmap.clear(host.vmemmap.format.head, at: host.page.head)
    #expect(host.brokenLaws.contains("P-PHYS 14"))
  }
}

@Suite struct `Damaged page tables and TLBs are found` {
  @Test func `an entry changes without a flush`() throws {
    let host = try DamagedHost(folds: false)
    host.pool.resize(to: 0)
    let free = host.freeBlock(of: host.pool.order)
    let address = host.vmemmap.address(of: free.advanced(by: 128))
    let source = RuntimeTables(
      allocator: host.allocator, accounting: host.subsystem.accounting, node: NodeID(0))
    switch try host.tables.splitLeaf(at: address, from: source) {
    case .split(_, let flush): flush.commit(on: host.machine)
    case .alreadyTable: break
    }
    _ = try host.machine.load(address)
    // Two vmemmap pages with the same content change places.
    let table = try #require(host.tables.existingTable(for: address, level: 0))
    let index = host.format.index(of: address, at: 0)
    (table[index], table[index + 1]) = (table[index + 1], table[index])
    #expect(host.brokenLaws == ["I 5"])
    host.machine.flushAllTranslations()
    #expect(host.brokenLaws == [])
  }

  @Test func `an entry has a bit that the kernel never sets`() throws {
    let host = try DamagedHost()
    let address = host.address(ofPage: 3)
    let entry = try #require(host.tables.entry(for: address))
    host.setEntry(for: address, PageTableEntry(rawValue: entry.rawValue | 1 << 9))
    #expect(host.brokenLaws == ["P-POP 17"])
  }

  @Test func `descriptors of memory are not mapped`() throws {
    let host = try DamagedHost(folds: false)
    let address = host.address(ofPage: 0)
    let table = try #require(host.tables.existingTable(for: address, level: 1))
    table[host.format.index(of: address, at: 1)] = .absent
    host.machine.flushAllTranslations()
    #expect(host.brokenLaws.contains("P-POP 1"))
  }

  @Test func `descriptors of no memory are mapped`() throws {
    let host = try DamagedHost()
    let frame = try #require(host.allocator.allocateFrame(on: NodeID(0)))
    let source = RuntimeTables(
      allocator: host.allocator, accounting: host.subsystem.accounting, node: NodeID(0))
    let beyond = host.vmemmap.address(of: PageFrameNumber(1 << 26))
    try host.tables.mapPage(at: beyond, to: frame, .readWrite, from: source)
    host.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["P-POP 18"])
  }

  @Test func `an entry leads to a table beyond memory`() throws {
    let host = try DamagedHost()
    host.setUnusedTopEntry(PhysicalAddress(host.machine.span))
    #expect(host.brokenLaws == ["P-PT 2"])
  }

  @Test func `a free frame is used as a table`() throws {
    let host = try DamagedHost()
    let lists = try #require(host.allocator.freeLists.last { $0.freeSections.population > 0 })
    let bit = try #require(lists.freeSections.first)
    let number = SectionNumber(lists.firstSection.rawValue + UInt(bit))
    let frame = host.subsystem.topology.sections.frames(of: number).lowerBound
    host.setUnusedTopEntry(host.format.pageSize.address(of: frame))
    #expect(host.brokenLaws == ["I 2"])
  }

  @Test func `a table is lost`() throws {
    let host = try DamagedHost()
    let frame = try #require(host.allocator.allocateFrame(on: NodeID(0)))
    host.vmemmap.with(frame) { $0.counts = DescriptorCounts(type: .table, references: 1) }
    #expect(host.brokenLaws == ["P-PT 2"])
  }

  @Test func `a table too many is counted`() throws {
    let host = try DamagedHost()
    host.subsystem.accounting.tablePages.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["I 3"])
  }
}
