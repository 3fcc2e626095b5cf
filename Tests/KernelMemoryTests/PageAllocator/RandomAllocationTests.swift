// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// A page allocator and the model of it, kept in step.
struct AllocatorPlayground {
  let host: AllocatorHost
  private(set) var model: AllocatorModel
  private var cpu = CPUID(0)
  private var faults: [String] = []

  /// Two nodes that take turns in 64 MiB below 4 GiB and 64 MiB above, some of it for contiguous
  /// allocation and some movable.
  init() throws {
    let megabyte: UInt = 1 << 20
    let high: UInt = 4 << 30
    let pieces: [(Int, UInt, UInt)] = [
      (0, megabyte, 24 * megabyte), (1, 24 * megabyte, 41 * megabyte),
      (0, 41 * megabyte, 64 * megabyte), (1, high, high + 24 * megabyte + 12 * 4096),
      (0, high + 24 * megabyte + 12 * 4096, high + 64 * megabyte),
    ]
    let layout = try NodeLayout(
      ranges: pieces.map { node, start, end in
        NodeRange(node: NodeID(node), range: PhysicalAddress(start)..<PhysicalAddress(end))
      })
    host = AllocatorHost(
      try TestHost(
        map: AllocatorHost.map(pieces.map { ($0.1, $0.2) }), layout: layout, cpus: 2,
        commandLine: "movablecore=24M"))
    let area = FrameRange(start: PageFrameNumber(high >> 12), pageCount: 1 << 11)
    Self.makeContiguousArea(of: area, in: host)
    model = AllocatorModel(host.allocator)
  }

  /// Takes free memory and gives it back as memory for contiguous allocation.
  private static func makeContiguousArea(of frames: FrameRange, in host: AllocatorHost) {
    guard let zone = host.topology.zone(of: frames.lowerBound),
      host.allocator.takeRange(frames, from: host.allocator.freeLists[zone.index])
    else { preconditionFailure("the area is free after boot") }
    for pfn in frames where pfn.isAligned(to: host.allocator.pageblockOrder) {
      host.topology.sections.setMigrateType(.cma, of: pfn)
    }
    host.allocator.freeRun(frames)
  }

  /// Does `operation` and returns what was wrong with it.
  mutating func perform(_ operation: AllocatorOperation) -> [String] {
    faults = []
    host.host.machine.run(on: cpu) { self.act(operation) }
    compareCounts()
    return faults
  }

  private mutating func act(_ operation: AllocatorOperation) {
    let allocator = host.allocator
    switch operation {
    case .allocate(let order, let node, let options):
      let order = PageOrder(order)
      note(allocator.allocateBlock(order, on: NodeID(node), options), order, node, options)
    case .allocateFrame(let node, let options):
      let pfn = allocator.allocateFrame(on: NodeID(node), options)
      note(pfn, .page, node, options, isReferenced: true)
    case .allocateContiguous(let order, let node, let options):
      let order = PageOrder(order)
      note(allocator.allocateContiguous(order, on: NodeID(node), options), order, node, options)
    case .draw(let count, let run, let node, let options):
      draw(count, run, node, options)
    case .free(let index): free(index)
    case .freeInParts(let index, let order): freeInParts(index, PageOrder(order))
    case .freeAsRun(let index): freeAsRun(index)
    case .drain: allocator.drainCPULists()
    case .useCPU(let cpu): self.cpu = CPUID(cpu)
    case .failAllocation(let count): host.failures.failAllocation(after: count)
    }
  }

  private mutating func note(
    _ pfn: PageFrameNumber?, _ order: PageOrder, _ node: Int, _ options: AllocationOptions,
    isReferenced: Bool = false
  ) {
    guard let pfn else { return examineFailure(of: order, node, options) }
    let holding = AllocatorModel.Holding(
      frames: FrameRange(start: pfn, pageCount: order.pageCount), order: order,
      isReferenced: isReferenced)
    if let fault = model.take(holding, node: node, options) { faults.append(fault) }
    if host.vmemmap.references(to: pfn) != (isReferenced ? 1 : 0) {
      faults.append("frame \(pfn.rawValue) has the wrong number of references")
    }
  }

  /// A request that failed fails again when nothing makes it fail and no CPU keeps anything; then no
  /// zone that may serve it has such a block free above its mark.
  private mutating func examineFailure(
    of order: PageOrder, _ node: Int, _ options: AllocationOptions
  ) {
    let allocator = host.allocator
    host.failures.stopFailing()
    allocator.drainCPULists()
    let isLarge = order > allocator.maximumOrder
    let found =
      isLarge
      ? allocator.allocateContiguous(order, on: NodeID(node), options)
      : allocator.allocateBlock(order, on: NodeID(node), options)
    if let found { return note(found, order, node, options) }
    for zone in host.topology.zones where zone.isPopulated && zone.kind <= options.highestZone {
      let lists = allocator.freeLists[zone.index]
      if options.contains(.thisNode), zone.node != NodeID(node) { continue }
      guard isLarge || allocator.allows(order, in: lists, options, keeping: .minimum)
      else { continue }
      let sections = host.topology.sections
      let isOverlooked = model.hasFreeBlock(order, in: zone) {
        isLarge || options.contains(.movable) || sections.migrateType(of: $0) != .cma
      }
      if isOverlooked { faults.append("zone \(zone.index) has a free block of \(order)") }
    }
  }

  private mutating func draw(
    _ count: Int, _ run: UInt, _ node: Int, _ options: AllocationOptions
  ) {
    var supply = FrameSupply(node: NodeID(node), options: options, runLength: run)
    for _ in 0..<count {
      guard let pfn = supply.take(from: host.allocator) else { break }
      let holding = AllocatorModel.Holding(
        frames: FrameRange(start: pfn, pageCount: 1), order: .page, isReferenced: true)
      if let fault = model.take(holding, node: node, options) { faults.append(fault) }
    }
    supply.returnRest(to: host.allocator)
  }

  private mutating func free(_ index: Int) {
    guard let holding = model.giveBack(index) else { return }
    let order = holding.order
    if holding.isReferenced {
      host.allocator.freeFrame(holding.frames.lowerBound)
    } else if order > host.allocator.maximumOrder {
      host.allocator.freeRun(holding.frames)
    } else {
      host.allocator.freeBlock(holding.frames.lowerBound, order)
    }
  }

  private mutating func freeInParts(_ index: Int, _ order: PageOrder) {
    guard let holding = model.giveBack(index) else { return }
    clearReferences(of: holding)
    let order = min(order, holding.order)
    for pfn in holding.frames where pfn.isAligned(to: order) {
      host.allocator.freeBlock(pfn, order)
    }
  }

  private mutating func freeAsRun(_ index: Int) {
    guard let first = model.giveBack(index) else { return }
    clearReferences(of: first)
    var end = first.frames.upperBound
    while let next = model.index(ofHoldingAt: end), let holding = model.giveBack(next) {
      clearReferences(of: holding)
      end = holding.frames.upperBound
    }
    host.allocator.freeRun(first.frames.lowerBound..<end)
  }

  private func clearReferences(of holding: AllocatorModel.Holding) {
    guard holding.isReferenced else { return }
    for pfn in holding.frames {
      host.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 0) }
    }
  }

  private mutating func compareCounts() {
    for zone in host.topology.zones where zone.isPopulated {
      let counted =
        host.allocator.freeLists[zone.index].freePageCount.load(ordering: .relaxed)
        + host.allocator.cpuLists[zone.index].pageCount
      let free = model.freePageCounts[zone.index]
      if Int(counted) != free {
        faults.append("zone \(zone.index): \(counted) counted, \(free) free")
      }
    }
  }
}

@Suite struct `The page allocator under random operations` {
  /// P-BUDDY 5, P-BUDDY 6, P-BUDDY 16.
  @Test(arguments: 1...3 as ClosedRange<UInt64>)
  func `agrees with a model that knows each frame`(seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    var playground = try AllocatorPlayground()
    var done: [AllocatorOperation] = []
    for step in 0..<120 {
      let operation = AllocatorOperation.random(using: &random)
      done.append(operation)
      var faults = playground.perform(operation)
      faults += FreeMemory(of: playground.host.allocator).faults
      if step % 20 == 0 || !faults.isEmpty {
        faults += playground.host.violations.map(\.text)
      }
      guard faults.isEmpty else {
        Issue.record("seed \(seed), step \(step): \(faults)\n[\n  \(Self.source(of: done)),\n]")
        return
      }
    }
    while !playground.model.holdings.isEmpty {
      let faults = playground.perform(.free(0))
      #expect(faults == [])
    }
    let faults = playground.perform(.drain)
    #expect(faults == [])
    #expect(FreeMemory(of: playground.host.allocator).faults == [])
    playground.host.check()
  }

  private static func source(of operations: [AllocatorOperation]) -> String {
    operations.map { "\($0)" }.joined(separator: ",\n  ")
  }
}
