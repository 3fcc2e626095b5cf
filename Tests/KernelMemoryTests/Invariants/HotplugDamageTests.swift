// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Damaged memory blocks are found` {
  /// A host with four blocks behind its memory, one of which a test damages.
  private struct Damaged {
    let host: DamagedHost
    /// Movable memory that holds its own descriptors.
    let hosting: UInt = 32
    /// The same, offline.
    let offline: UInt = 33
    /// Movable memory of a group.
    let grouped: UInt = 34
    /// Memory for the kernel.
    let plain: UInt = 35

    var hotplug: MemoryHotplug { host.subsystem.hotplug }
    var sections: SectionTable { host.subsystem.topology.sections }
    var laws: [String] { host.brokenLaws }

    init() throws {
      host = try DamagedHost(
        memory: 128 << 20, pages: 0, commandLine: "memory_hotplug.memmap_on_memory=Y",
        room: 8 << 30)
      let node = NodeID(0)
      let group = try hotplug.makeGroup(on: node, unitPageCount: 1 << 15)
      try hotplug.add(range(hosting, 2), to: node, [.memmapOnMemory])
      try hotplug.add(range(grouped, 1), to: node, group: group)
      try hotplug.add(range(plain, 1), to: node)
      try hotplug.online(hosting, as: .onlineMovable)
      try hotplug.online(grouped, as: .onlineMovable)
      try hotplug.online(plain, as: .onlineKernel)
      #expect(host.brokenLaws == [])
    }

    private func range(_ number: UInt, _ count: UInt) -> Range<PhysicalAddress> {
      PhysicalAddress(number << 27)..<PhysicalAddress((number + count) << 27)
    }

    func frame(_ number: UInt, _ index: UInt) -> PageFrameNumber {
      PageFrameNumber(hotplug.frames(ofBlock: number).lowerBound.rawValue + index)
    }

    /// Of this block size, a block is one section.
    func section(_ number: UInt) -> SectionNumber { SectionNumber(number) }

    func zone(_ kind: ZoneKind) throws -> Zone {
      try #require(host.subsystem.topology.zones.first { $0.kind == kind })
    }
  }

  // MARK: Blocks and their sections

  @Test func `a section of an online block is not online`() throws {
    let damaged = try Damaged()
    damaged.sections.update(damaged.section(damaged.plain)) { $0.marks.remove(.online) }
    #expect(damaged.laws == ["P-MHP 2"])
  }

  @Test func `a section of an offline block is online`() throws {
    let damaged = try Damaged()
    damaged.sections.update(damaged.section(damaged.offline)) { $0.marks.insert(.online) }
    #expect(damaged.laws == ["P-MHP 2"])
  }

  @Test func `a block says that it is in another zone`() throws {
    let damaged = try Damaged()
    let other = try damaged.zone(.dma32).index
    damaged.hotplug.blocks.update(damaged.plain) { $0.zoneIndex = other }
    #expect(damaged.laws == ["P-MHP 2"])
  }

  @Test func `a block went half offline`() throws {
    let damaged = try Damaged()
    damaged.hotplug.blocks.update(damaged.plain) { $0.state = .goingOffline }
    #expect(damaged.laws == ["P-MHP 6"])
  }

  @Test func `an offline block has a zone`() throws {
    let damaged = try Damaged()
    let movable = try damaged.zone(.movable).index
    damaged.hotplug.blocks.update(damaged.offline) { $0.zoneIndex = movable }
    #expect(damaged.laws == ["P-MHP 9"])
  }

  @Test func `a section of an offline block has a zone`() throws {
    let damaged = try Damaged()
    let movable = try damaged.zone(.movable).index
    damaged.sections.update(damaged.section(damaged.offline)) { $0.zoneIndex = UInt16(movable) }
    #expect(damaged.laws == ["P-MHP 9"])
  }

  @Test(arguments: [UInt(0), 511, 512, 32_767])
  func `a descriptor of an offline block says something`(index: UInt) throws {
    let damaged = try Damaged()
    let pfn = damaged.frame(damaged.offline, index)
    damaged.host.vmemmap.set(damaged.host.vmemmap.format.reserved, at: pfn)
    #expect(damaged.laws == ["P-MHP 9"])
  }

  @Test func `an empty section has a mark`() throws {
    let damaged = try Damaged()
    damaged.sections.update(SectionNumber(40)) { $0.marks.insert(.present) }
    #expect(damaged.laws == ["P-POP 15"])
  }

  @Test func `memory stayed isolated`() throws {
    let damaged = try Damaged()
    damaged.sections.setIsolated(true, of: damaged.frame(damaged.plain, 512))
    #expect(damaged.laws == ["P-MHP 5"])
  }

  // MARK: Descriptors on the memory that they describe

  @Test func `an altmap does not know what it gave`() throws {
    let damaged = try Damaged()
    let frames = damaged.hotplug.frames(ofBlock: damaged.hosting)
    damaged.hotplug.blocks.update(damaged.hosting) {
      $0.altmap = Altmap(of: frames, freeCount: 512)
    }
    #expect(damaged.laws == ["P-POP 8"])
  }

  @Test func `an altmap is another block's`() throws {
    let damaged = try Damaged()
    let other = try #require(damaged.hotplug.blocks[damaged.offline]?.altmap)
    damaged.hotplug.blocks.update(damaged.hosting) { $0.altmap = other }
    #expect(damaged.laws == ["P-POP 8"])
  }

  @Test func `descriptors on memory are mapped by pages`() throws {
    let damaged = try Damaged()
    let start = damaged.host.vmemmap.address(of: damaged.frame(damaged.hosting, 0))
    let source = RuntimeTables(
      allocator: damaged.host.allocator, accounting: damaged.host.subsystem.accounting,
      node: NodeID(0))
    switch try damaged.host.tables.splitLeaf(at: start, from: source) {
    case .split(_, let flush): flush.commit(on: damaged.host.machine)
    case .alreadyTable: Issue.record("a leaf maps the descriptors")
    }
    #expect(damaged.laws == ["P-MHP 10"])
  }

  @Test func `descriptors lie on another block`() throws {
    let damaged = try Damaged()
    let format = damaged.host.format
    let starts = [damaged.hosting, damaged.offline].map {
      damaged.host.vmemmap.address(of: damaged.frame($0, 0))
    }
    let table = try #require(damaged.host.tables.existingTable(for: starts[0], level: 1))
    let indexes = starts.map { format.index(of: $0, at: 1) }
    (table[indexes[0]], table[indexes[1]]) = (table[indexes[1]], table[indexes[0]])
    damaged.host.machine.flushAllTranslations()
    #expect(damaged.laws.contains("P-MHP 10"))
  }

  @Test(arguments: [UInt(0), 200, 511])
  func `a frame with descriptors does not say so`(index: UInt) throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.clear(
      damaged.host.vmemmap.format.selfHosted, at: damaged.frame(damaged.hosting, index))
    #expect(damaged.laws == ["P-MHP 8"])
  }

  @Test func `a frame with descriptors has two references`() throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.with(damaged.frame(damaged.hosting, 3)) {
      $0.counts = DescriptorCounts(references: 2)
    }
    #expect(damaged.laws == ["P-MHP 8"])
  }

  @Test func `another frame says that it holds descriptors`() throws {
    let damaged = try Damaged()
    let process = SimulatedProcess(of: damaged.host.subsystem)
    let pfn = damaged.frame(damaged.hosting, 600)
    #expect(process.take(pfn..<pfn.advanced(by: 1), .fixed))
    #expect(damaged.laws == [])
    damaged.host.vmemmap.set(damaged.host.vmemmap.format.selfHosted, at: pfn)
    #expect(damaged.laws == ["P-MHP 8"])
    damaged.host.vmemmap.clear(damaged.host.vmemmap.format.selfHosted, at: pfn)
  }

  @Test func `a frame with descriptors is isolated`() throws {
    let damaged = try Damaged()
    damaged.sections.setIsolated(true, of: damaged.frame(damaged.hosting, 0))
    #expect(damaged.laws == ["P-MHP 7"])
  }

  @Test func `a frame with descriptors may be moved`() throws {
    let damaged = try Damaged()
    damaged.sections.setMigrateType(.movable, of: damaged.frame(damaged.hosting, 0))
    #expect(damaged.laws == ["P-MHP 7"])
  }

  @Test func `a frame with descriptors was given away`() throws {
    let damaged = try Damaged()
    let pfn = damaged.frame(damaged.hosting, 5)
    damaged.host.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
    damaged.host.allocator.freeFrame(pfn)
    #expect(damaged.laws.contains("I 2"))
  }

  @Test func `pages of descriptors are not counted`() throws {
    let damaged = try Damaged()
    damaged.host.subsystem.accounting.runtimePages.wrappingSubtract(512, ordering: .relaxed)
    #expect(damaged.laws == ["P-HVO 14"])
  }

  // MARK: Counts

  /// P-MHP 3: what a zone spans and what it manages differ by what holds descriptors.
  @Test func `frames with descriptors are managed`() throws {
    let damaged = try Damaged()
    try damaged.zone(.movable).managed.wrappingAdd(512, ordering: .relaxed)
    damaged.host.allocator.managedPageCount.wrappingAdd(512, ordering: .relaxed)
    #expect(damaged.laws == ["I 3"])
  }

  @Test func `a zone counts a block that it has not`() throws {
    let damaged = try Damaged()
    try damaged.zone(.normal).present.wrappingAdd(1 << 15, ordering: .relaxed)
    #expect(damaged.laws == ["P-PHYS 3"])
  }

  @Test func `a block was forgotten`() throws {
    let damaged = try Damaged()
    damaged.hotplug.blocks.remove(damaged.plain..<damaged.plain + 1)
    #expect(damaged.laws == ["P-MHP 4", "I 3"])
  }

  @Test func `a group counts more, or less`() throws {
    for change in [\MemoryGroup.kernelPageCount, \MemoryGroup.movablePageCount] {
      let damaged = try Damaged()
      damaged.hotplug.changeGroups { $0[0][keyPath: change] += 1 << 15 }
      #expect(damaged.laws == ["P-MHP 4"])
    }
  }

  @Test func `a group was forgotten`() throws {
    let damaged = try Damaged()
    damaged.hotplug.changeGroups { $0 = [] }
    #expect(damaged.laws == ["P-MHP 4"])
  }

  @Test func `memory that was added has no blocks`() throws {
    let damaged = try Damaged()
    damaged.hotplug.changeAdded {
      $0.append(
        AddedMemory(
          range: PhysicalAddress(40 << 27)..<PhysicalAddress(41 << 27), source: .platform))
    }
    #expect(damaged.laws == ["I 3"])
  }
}
