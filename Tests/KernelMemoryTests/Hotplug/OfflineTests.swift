// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// What becomes of huge pages in memory that goes offline: spec 08 sections 5 and 8.
@Suite struct `Taking memory with huge pages offline` {
  // MARK: Free huge pages

  /// P-MHP 14: for each page 7 frames, none of them from the block; spec 08 section 10.
  @Test(arguments: NamedKernel.all)
  func `dissolves free huge pages and pays for their descriptors elsewhere`(
    kernel: NamedKernel
  ) throws {
    let host = try HotplugHost.withMovableBlocks(kernel.design)
    host.pool.resize(to: 40)
    let folded = host.foldedPageCount
    #expect(folded == 40)
    #expect(host.freePageCount(on: host.first) == (1 << 15) - 40 << 9)
    let perPage = 8 - kernel.design.vmemmap.privatePageCount
    let before = host.digest
    try host.hotplug.offline(host.first)
    let after = host.digest
    #expect(host.pool.counts == HugePageCounts())
    #expect(after["vmemmap"] - before["vmemmap"] == Int(40 * perPage))
    #expect(
      before["zone 0 dma32 free"] + before["zone 0 dma free"]
        - after["zone 0 dma32 free"] - after["zone 0 dma free"] == Int(40 * perPage))
    #expect(host.complaints == [])
    // They do not come back with the block.
    try host.hotplug.online(host.first, as: .onlineMovable)
    #expect(host.pool.counts == HugePageCounts())
    #expect(host.complaints == [])
  }

  @Test func `costs nothing where pages are not folded`() throws {
    let host = try HotplugHost.withMovableBlocks(folds: false)
    host.pool.resize(to: 40)
    let before = host.digest
    try host.hotplug.offline(host.first)
    #expect(host.digest["vmemmap"] == before["vmemmap"])
    #expect(host.pool.counts == HugePageCounts())
    #expect(host.complaints == [])
  }

  /// P-MHP 14, and what the promise of a movable zone is worth: without memory for descriptors a page
  /// stays folded and in its pool, and its block online.
  @Test(arguments: NamedKernel.all, [UInt(0), 1, 6, 7, 20])
  func `fails where folded pages find no memory`(kernel: NamedKernel, served: UInt) throws {
    let host = try HotplugHost.withMovableBlocks(kernel.design)
    host.pool.resize(to: 40)
    let perPage = 8 - kernel.design.vmemmap.privatePageCount
    let before = host.digest
    let failures = host.host.machine.failures
    failures.failBasePageAllocations(after: served)
    #expect(throws: HotplugError.outOfMemory) { try host.hotplug.offline(host.first) }
    failures.stopFailing()
    let dissolved = served / perPage
    #expect(host.pool.counts.pageCount == 40 - dissolved)
    #expect(host.pool.counts.freePageCount == 40 - dissolved)
    #expect(host.pool.counts.surplusPageCount == 0)
    #expect(host.foldedPageCount == 40 - dissolved)
    #expect(host.kind(ofBlock: 0) == .movable)
    #expect(host.complaints == [])
    if dissolved == 0 { #expect(host.digest.differences(from: before) == []) }
    #expect(host.write("offline", host.path(0, "state")) == nil)
    #expect(host.pool.counts == HugePageCounts())
    #expect(host.complaints == [])
  }

  /// Memory for descriptors runs out for real, not by decree.
  @Test func `fails where memory is used up, and succeeds once it is not`() throws {
    let host = try HotplugHost.withMovableBlocks()
    host.pool.resize(to: 40)
    let hog = SimulatedProcess(of: host.subsystem)
    _ = hog.takeKernelPages(1 << 20, on: host.node)
    #expect(host.write("offline", host.path(0, "state")) == .outOfMemory)
    #expect(host.pool.counts.pageCount > 0)
    #expect(host.complaints == [])
    hog.exit()
    #expect(host.write("offline", host.path(0, "state")) == nil)
    #expect(host.complaints == [])
  }

  @Test func `keeps pages that were promised`() throws {
    let host = try HotplugHost.withMovableBlocks()
    host.pool.resize(to: 10)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 4, manner: .reserve)
    #expect(throws: HotplugError.busy) { try host.hotplug.offline(host.first) }
    #expect(host.pool.counts.pageCount == 4)
    #expect(host.pool.counts.reservedPageCount == 4)
    #expect(host.complaints == [])
    mapping.release()
    try host.hotplug.offline(host.first)
    #expect(host.complaints == [])
  }

  // MARK: Huge pages in use

  @Test(arguments: NamedKernel.all)
  func `moves used huge pages with their contents`(kernel: NamedKernel) throws {
    let host = try HotplugHost.withMovableBlocks(kernel.design, blocks: 2)
    host.pool.resize(to: 40)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 20, manner: .reserve)
    try mapping.touchAll()
    for index in 0..<UInt(20) {
      host.contents(of: try #require(mapping.folio(at: index)).head)[0] = host.word(index)
    }
    for number in [host.first, host.first + 1] {
      try host.hotplug.offline(number)
      let gone = host.hotplug.frames(ofBlock: number)
      for index in 0..<UInt(20) {
        let folio = try #require(mapping.folio(at: index))
        #expect(!folio.frames.overlaps(gone))
        #expect(host.contents(of: folio.head)[0] == host.word(index))
      }
      #expect(host.complaints == [])
      try host.hotplug.online(number, as: .onlineMovable)
    }
    #expect(host.pool.counts.freePageCount == host.pool.counts.pageCount - 20)
    mapping.release()
    #expect(host.complaints == [])
  }

  @Test func `moves them to another node first`() throws {
    let host = try HotplugHost.withMovableBlocks(nodes: 2)
    host.pool.resize(to: 16)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 16, manner: .noReserve)
    try mapping.touchAll()
    let gone = host.hotplug.frames(ofBlock: host.first)
    let moved = (0..<UInt(16)).filter { mapping.folio(at: $0)?.frames.overlaps(gone) ?? false }
    #expect(!moved.isEmpty)
    try host.hotplug.offline(host.first)
    for index in moved {
      let head = try #require(mapping.folio(at: index)).head
      #expect(host.subsystem.topology.nodeID(of: head) == NodeID(1))
    }
    #expect(host.complaints == [])
    mapping.release()
    #expect(host.complaints == [])
  }

  /// What cannot be moved is tried again until somebody interrupts it.
  @Test func `is interrupted where huge pages find no place`() throws {
    let host = try HotplugHost.withMovableBlocks()
    host.pool.resize(to: 60)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 60, manner: .reserve)
    try mapping.touchAll()
    let hog = SimulatedProcess(of: host.subsystem)
    _ = hog.takeKernelPages(1 << 20, on: host.node)
    let before = host.digest
    #expect(host.write("offline", host.path(0, "state")) == .interrupted)
    #expect(host.digest.differences(from: before) == [])
    #expect(host.complaints == [])
    hog.exit()
    mapping.release()
  }
}
