// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// What becomes of the other pages in memory that goes offline, and what cannot go at all: spec 08
/// sections 5 and 8.
@Suite struct `Taking memory offline` {
  // MARK: Other pages

  /// P-MHP 6, with no difference at all, as nothing moved before.
  @Test(arguments: NamedKernel.all, [ZoneKind.normal, .movable])
  func `leaves memory as it was if a page cannot move`(kernel: NamedKernel, kind: ZoneKind) throws {
    for isSelfHosted in [false, true] {
      let host = try HotplugHost(
        kernel.design, commandLine: isSelfHosted ? "memory_hotplug.memmap_on_memory=Y" : "")
      try host.plug(
        as: kind == .normal ? .onlineKernel : .onlineMovable, isSelfHosted ? [.memmapOnMemory] : [])
      let process = SimulatedProcess(of: host.subsystem)
      let frames = host.hotplug.frames(ofBlock: host.first)
      for place: UInt in [512, (1 << 15) - 1] {
        let pfn = PageFrameNumber(frames.lowerBound.rawValue + place)
        #expect(process.take(pfn..<pfn.advanced(by: 1), .fixed))
        let before = host.digest
        #expect(host.write("offline", host.path(0, "state")) == .busy)
        #expect(host.digest.differences(from: before) == [])
        #expect(host.complaints == [])
        process.exit()
      }
      try host.hotplug.offline(host.first)
      #expect(host.complaints == [])
    }
  }

  @Test(arguments: NamedKernel.all)
  func `moves what can be moved`(kernel: NamedKernel) throws {
    let host = try HotplugHost.withMovableBlocks(kernel.design, blocks: 2)
    let process = SimulatedProcess(of: host.subsystem)
    #expect(process.takePages(1000, on: host.node) == 1000)
    let used = [UInt(0), 1].map { (1 << 15) - host.freePageCount(on: host.first + $0) }
    #expect(used.reduce(0, +) == 1000)
    for number in [host.first, host.first + 1] {
      try host.hotplug.offline(number)
      #expect(host.complaints == [])
    }
    process.exit()
    #expect(host.complaints == [])
  }

  @Test func `finds pages that lie in lists of processors`() throws {
    let host = try HotplugHost(cpus: 4)
    try host.plug(as: .onlineMovable)
    for cpu in 0..<4 {
      host.host.machine.run(on: CPUID(cpu)) {
        let pages = (0..<40).compactMap { _ in
          host.allocator.allocateFrame(on: host.node, [.movable])
        }
        for pfn in pages { host.allocator.freeFrame(pfn) }
      }
    }
    try host.hotplug.offline(host.first)
    #expect(host.complaints == [])
  }

  // MARK: Bad memory

  /// M10: what is bad stays where it is, and keeps its block from coming back until it is removed.
  @Test(arguments: NamedKernel.all, [false, true])
  func `leaves bad memory behind`(kernel: NamedKernel, isSelfHosted: Bool) throws {
    let host = try HotplugHost(
      kernel.design, memory: 128 << 20,
      commandLine: "hugetlb_free_vmemmap=on "
        + (isSelfHosted ? "memory_hotplug.memmap_on_memory=Y" : ""))
    try host.plug(as: .onlineMovable, isSelfHosted ? [.memmapOnMemory] : [])
    host.pool.resize(to: 8)
    let page = try #require(host.hugePages(on: host.first).first)
    let bad = PageFrameNumber(page.head.rawValue + 100)
    #expect(try host.subsystem.hugeTLB.poison(bad) == .dissolved)
    #expect(host.complaints == [])
    try host.hotplug.offline(host.first)
    #expect(host.complaints == [])
    #expect(host.hotplug.blocks[host.first]?.badPageCount == 1)
    let before = host.digest
    for word in ["online", "online_kernel", "online_movable"] {
      #expect(host.write(word, host.path(0, "state")) == .poisonedMemory)
    }
    #expect(host.write("1", host.path(0, "online")) == .poisonedMemory)
    #expect(host.digest.differences(from: before) == [])
    try host.hotplug.remove(host.range(1))
    #expect(host.subsystem.hugeTLB.poisonedPageCount.load(ordering: .relaxed) == 0)
    #expect(host.complaints == [])
    // Another module in the same place is as good as any.
    try host.plug(as: .onlineMovable)
    #expect(host.complaints == [])
  }

  /// M10: a bad page that somebody uses cannot be copied, so it does not move.
  @Test(arguments: NamedKernel.all)
  func `does not move bad pages in use`(kernel: NamedKernel) throws {
    let host = try HotplugHost.withMovableBlocks(kernel.design)
    host.pool.resize(to: 8)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    #expect(host.hotplug.frames(ofBlock: host.first).contains(head))
    #expect(try host.subsystem.hugeTLB.poison(head) == .inUse)
    let before = host.digest
    #expect(throws: HotplugError.interrupted) { try host.hotplug.offline(host.first) }
    #expect(host.digest.differences(from: before) == [])
    #expect(mapping.folio(at: 0)?.head == head)
    #expect(host.complaints == [])
    mapping.release()
    try host.hotplug.offline(host.first)
    #expect(host.complaints == [])
  }

  // MARK: What cannot go at all

  @Test func `refuses blocks of several zones`() throws {
    let host = try HotplugHost()
    let block = try #require(host.hotplug.blocks[0])
    #expect(block.state == .online && block.zoneIndex == nil, "DMA and DMA32")
    #expect(host.read("/sys/devices/system/memory/memory0/valid_zones") == "none")
    let before = host.digest
    #expect(host.write("offline", "/sys/devices/system/memory/memory0/state") == .invalid)
    #expect(host.digest.differences(from: before) == [])
  }

  @Test func `refuses blocks of several nodes`() throws {
    let map = TestHost.memoryMap(of: 1 << 30)
    let cut = PhysicalAddress(576 << 20)
    let host = try TestHost(
      map: map,
      layout: NodeLayout(ranges: [
        NodeRange(node: NodeID(0), range: PhysicalAddress(0)..<cut),
        NodeRange(node: NodeID(1), range: cut..<PhysicalAddress(1 << 30)),
      ]), kernel: .unified)
    let hotplug = host.subsystem.hotplug
    #expect(hotplug.blocks[4]?.nodes == [NodeID(0), NodeID(1)])
    #expect(throws: HotplugError.invalid) { try hotplug.offline(4) }
    #expect(host.complaints == [])
  }

  @Test func `refuses blocks with holes`() throws {
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(256 << 20), .usable),
      MemoryMapEntry(PhysicalAddress(300 << 20)..<PhysicalAddress(512 << 20), .usable),
    ])
    let host = try TestHost(map: map, layout: .single, kernel: .unified)
    let hotplug = host.subsystem.hotplug
    #expect(hotplug.blocks[2]?.zoneIndex != nil)
    #expect(throws: HotplugError.invalid) { try hotplug.offline(2) }
    #expect(host.complaints == [])
  }

  @Test(arguments: [UInt(31), 33, 1 << 40, .max])
  func `refuses blocks that are not there`(number: UInt) throws {
    let host = try HotplugHost()
    #expect(throws: HotplugError.invalid) { try host.hotplug.offline(number) }
    #expect(throws: HotplugError.invalid) { try host.hotplug.online(number, as: .online) }
    #expect(host.complaints == [])
  }

  // MARK: Counts

  /// M11: moving memory of the boot between zones never makes a count negative.
  @Test(arguments: ["kernelcore=256M", "kernelcore=50%", "movablecore=512M", ""])
  func `keeps counts of zones that shrink and grow`(commandLine: String) throws {
    let host = try HotplugHost(.linux7_2, commandLine: commandLine)
    let total = host.presentPageCount
    var moved: [UInt] = []
    for block in host.hotplug.blocks.all where (try? host.hotplug.offline(block.number)) != nil {
      moved.append(block.number)
      #expect(host.complaints == [])
    }
    #expect(!moved.isEmpty)
    for (index, number) in moved.enumerated() {
      try host.hotplug.online(number, as: index % 2 == 0 ? .onlineKernel : .onlineMovable)
      #expect(host.complaints == [])
      for zone in host.subsystem.topology.zones {
        let early = zone.earlyPresent.load(ordering: .relaxed)
        #expect(early <= zone.presentPageCount && zone.presentPageCount <= total)
      }
    }
    #expect(host.presentPageCount == total)
    for number in moved { try host.hotplug.offline(number) }
    #expect(host.complaints == [])
  }

  /// M11: memory that came later is no part of what was there at boot.
  @Test func `counts only memory of the boot as such`() throws {
    let host = try HotplugHost()
    let early = {
      host.subsystem.topology.zones.map { $0.earlyPresent.load(ordering: .relaxed) }
    }
    let before = early()
    try host.plug(2, as: .onlineMovable)
    #expect(early() == before)
    for number in host.first..<host.first + 2 { try host.hotplug.offline(number) }
    #expect(early() == before)
  }

  /// M12: the planner can say beforehand what this says afterwards.
  @Test func `fails for memory that went to the kernel and is used by it`() throws {
    let host = try HotplugHost(memory: 128 << 20)
    try host.plug(as: .online)
    #expect(host.kind(ofBlock: 0) == .normal)
    let kernel = SimulatedProcess(of: host.subsystem)
    #expect(kernel.takeKernelPages(1, on: host.node) == 1)
    #expect(host.write("offline", host.path(0, "state")) == .busy)
    // The same page never comes from movable memory.
    try host.plug(from: 1, as: .onlineMovable)
    #expect(kernel.takeKernelPages(20_000, on: host.node) == 20_000)
    #expect(host.write("offline", host.path(1, "state")) == nil)
    #expect(host.complaints == [])
  }
}
