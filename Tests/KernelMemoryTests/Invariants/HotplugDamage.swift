// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import KernelMemory

// Damage to memory that comes and goes (P-MHP).

/// A host with four blocks behind its memory, one of which a test damages.
struct DamagedBlocks {
  let host: DamagedHost
  /// Movable memory that holds its own descriptors.
  let hosting: UInt = 32
  /// The same, offline.
  let offline: UInt = 33
  /// Movable memory of a group.
  let grouped: UInt = 34
  /// Memory for the kernel.
  let plain: UInt = 35

  var subsystem: MemorySubsystem { host.subsystem }
  var hotplug: MemoryHotplug { host.subsystem.hotplug }
  var sections: SectionTable { host.subsystem.topology.sections }

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
    try need(host.subsystem.topology.zones.first { $0.kind == kind })
  }

  /// The table with the leaf that maps a block's descriptors, and the place of the leaf.
  func leaf(_ number: UInt) throws -> (table: EntryTable, index: UInt) {
    let start = host.vmemmap.address(of: frame(number, 0))
    let table = try need(host.tables.existingTable(for: start, level: 1))
    return (table, host.format.index(of: start, at: 1))
  }

  /// Lets the descriptors of two blocks change their frames; they say what they said.
  func swapDescriptors(_ a: UInt, _ b: UInt) throws {
    let (first, second) = (try leaf(a), try leaf(b))
    let size = host.format.pageSize
    let starts = try [a, b].map {
      size.address(
        of: try need(host.tables.frame(mappedAt: host.vmemmap.address(of: frame($0, 0)))))
    }
    let count = Int(host.format.pmdByteCount)
    let x = unsafe host.machine.pointer(to: starts[0])
    let y = unsafe host.machine.pointer(to: starts[1])
    let kept = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
    unsafe kept.copyMemory(from: x, byteCount: count)
    unsafe x.copyMemory(from: y, byteCount: count)
    unsafe y.copyMemory(from: kept, byteCount: count)
    unsafe kept.deallocate()
    (first.table[first.index], second.table[second.index]) =
      (second.table[second.index], first.table[first.index])
    host.machine.flushAllTranslations()
  }
}

extension DamageList {
  mutating func addBlocks() {
    addBlockStates()
    addSelfHosting()
  }

  private mutating func addBlockStates() {
    add(.onlineSections, "a section of an online block is not online") {
      let damaged = try DamagedBlocks()
      damaged.sections.update(damaged.section(damaged.plain)) { $0.marks.remove(.online) }
      return damaged.subsystem
    }
    add(.onlineSections, "a section of an offline block is online") {
      let damaged = try DamagedBlocks()
      damaged.sections.update(damaged.section(damaged.offline)) { $0.marks.insert(.online) }
      return damaged.subsystem
    }
    add(.sectionZone, "a block says that it is in another zone") {
      let damaged = try DamagedBlocks()
      let other = try damaged.zone(.dma32).index
      damaged.hotplug.blocks.update(damaged.plain) { $0.zoneIndex = other }
      return damaged.subsystem
    }
    add(.halfOffline, "a block went half offline") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.blocks.update(damaged.plain) { $0.state = .goingOffline }
      return damaged.subsystem
    }
    add(.offlineBlockZone, "an offline block has a zone") {
      let damaged = try DamagedBlocks()
      let movable = try damaged.zone(.movable).index
      damaged.hotplug.blocks.update(damaged.offline) { $0.zoneIndex = movable }
      return damaged.subsystem
    }
    add(.offlineSectionZone, "a section of an offline block has a zone") {
      let damaged = try DamagedBlocks()
      let movable = try damaged.zone(.movable).index
      damaged.sections.update(damaged.section(damaged.offline)) { $0.zoneIndex = UInt16(movable) }
      return damaged.subsystem
    }
    for index: UInt in [0, 511, 512, 32_767] {
      add(.offlineDescriptor, "descriptor \(index) of an offline block says something") {
        let damaged = try DamagedBlocks()
        let pfn = damaged.frame(damaged.offline, index)
        damaged.host.vmemmap.set(damaged.host.vmemmap.format.reserved, at: pfn)
        return damaged.subsystem
      }
    }
    add(.emptySection, "an empty section has a mark") {
      let damaged = try DamagedBlocks()
      damaged.sections.update(SectionNumber(40)) { $0.marks.insert(.present) }
      return damaged.subsystem
    }
    add(.isolatedMemory, "memory stayed isolated") {
      let damaged = try DamagedBlocks()
      damaged.sections.setIsolated(true, of: damaged.frame(damaged.plain, 512))
      return damaged.subsystem
    }
  }

  private mutating func addSelfHosting() {
    add(.altmapUse, "an altmap does not know what it gave") {
      let damaged = try DamagedBlocks()
      let frames = damaged.hotplug.frames(ofBlock: damaged.hosting)
      damaged.hotplug.blocks.update(damaged.hosting) {
        $0.altmap = Altmap(of: frames, freeCount: 512)
      }
      return damaged.subsystem
    }
    add(.altmapLimit, "an altmap is another block's") {
      let damaged = try DamagedBlocks()
      let other = try need(damaged.hotplug.blocks[damaged.offline]?.altmap)
      damaged.hotplug.blocks.update(damaged.hosting) { $0.altmap = other }
      return damaged.subsystem
    }
    add(.selfHostedLeaves, "descriptors on memory are mapped by pages") {
      let damaged = try DamagedBlocks()
      try damaged.host.splitLeaf(
        at: damaged.host.vmemmap.address(of: damaged.frame(damaged.hosting, 0)))
      return damaged.subsystem
    }
    add(.selfHostedFrames, "descriptors lie on another block") {
      let damaged = try DamagedBlocks()
      try damaged.swapDescriptors(damaged.hosting, damaged.offline)
      return damaged.subsystem
    }
    for index: UInt in [0, 200, 511] {
      add(.selfHostedMark, "frame \(index) with descriptors does not say so") {
        let damaged = try DamagedBlocks()
        damaged.host.vmemmap.clear(
          damaged.host.vmemmap.format.selfHosted, at: damaged.frame(damaged.hosting, index))
        return damaged.subsystem
      }
    }
    add(.selfHostedMark, "a frame with descriptors has two references") {
      let damaged = try DamagedBlocks()
      damaged.host.vmemmap.with(damaged.frame(damaged.hosting, 3)) {
        $0.counts = DescriptorCounts(references: 2)
      }
      return damaged.subsystem
    }
    addCheck(.falseSelfHostedMark, "another frame says that it holds descriptors") {
      let damaged = try DamagedBlocks()
      let process = SimulatedProcess(of: damaged.subsystem)
      let pfn = damaged.frame(damaged.hosting, 600)
      guard process.take(pfn..<pfn.advanced(by: 1), .fixed) else {
        throw MissingFixture(what: "a free frame")
      }
      let mark = damaged.host.vmemmap.format.selfHosted
      damaged.host.vmemmap.set(mark, at: pfn)
      let violations = damaged.subsystem.checkInvariants()
      damaged.host.vmemmap.clear(mark, at: pfn)
      return withExtendedLifetime(process) { violations }
    }
    add(.isolatedDescriptors, "a frame with descriptors is isolated") {
      let damaged = try DamagedBlocks()
      damaged.sections.setIsolated(true, of: damaged.frame(damaged.hosting, 0))
      return damaged.subsystem
    }
    add(.movableDescriptors, "a frame with descriptors may be moved") {
      let damaged = try DamagedBlocks()
      damaged.sections.setMigrateType(.movable, of: damaged.frame(damaged.hosting, 0))
      return damaged.subsystem
    }
    add(.oneOwner, "a frame with descriptors was given away") {
      let damaged = try DamagedBlocks()
      let pfn = damaged.frame(damaged.hosting, 5)
      damaged.host.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
      damaged.host.allocator.freeFrame(pfn)
      return damaged.subsystem
    }
    add(.runtimeVmemmap, "pages of descriptors are not counted") {
      let damaged = try DamagedBlocks()
      damaged.subsystem.accounting.runtimePages.wrappingSubtract(512, ordering: .relaxed)
      return damaged.subsystem
    }
  }

  mutating func addHotplugCounts() {
    // P-MHP 3: what a zone spans and what it manages differ by what holds descriptors.
    add(.managedPages, "frames with descriptors are managed") {
      let damaged = try DamagedBlocks()
      try damaged.zone(.movable).managed.wrappingAdd(512, ordering: .relaxed)
      damaged.host.allocator.managedPageCount.wrappingAdd(512, ordering: .relaxed)
      return damaged.subsystem
    }
    add(.presentPages, "a zone counts a block that it has not") {
      let damaged = try DamagedBlocks()
      try damaged.zone(.normal).present.wrappingAdd(1 << 15, ordering: .relaxed)
      return damaged.subsystem
    }
    add(.blocksOfNode, "a block forgot its node") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.blocks.update(damaged.plain) { $0.nodes = [] }
      return damaged.subsystem
    }
    add(.kernelOfGroup, "a group counts memory for the kernel that it has not") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.changeGroups { $0[0].kernelPageCount += 1 << 15 }
      return damaged.subsystem
    }
    add(.movableOfGroup, "a group counts movable memory that it has not") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.changeGroups { $0[0].movablePageCount += 1 << 15 }
      return damaged.subsystem
    }
    add(.groupExists, "a group was forgotten") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.changeGroups { $0 = [] }
      return damaged.subsystem
    }
    add(.addedBlocks, "memory that was added has no blocks") {
      let damaged = try DamagedBlocks()
      damaged.hotplug.changeAdded {
        $0.append(
          AddedMemory(
            range: PhysicalAddress(40 << 27)..<PhysicalAddress(41 << 27), source: .platform))
      }
      return damaged.subsystem
    }
  }
}
