// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// A booted machine whose page allocator is watched.
///
/// The usual one is small and has three zones: DMA and DMA32 in 64 MiB from address zero, and
/// Normal in as much from 4 GiB on. Checks look at each descriptor of memory in use.
struct AllocatorHost {
  let host: TestHost
  /// Managed memory that was not free after boot.
  private let takenAtBoot: UInt

  init(_ host: TestHost) {
    self.host = host
    takenAtBoot = host.subsystem.totals.managedPageCount - host.subsystem.totals.freePageCount
    check()
  }

  init(cpus: Int = 1, commandLine: String = "") throws {
    self.init(
      try TestHost(
        map: Self.map([(0, 0x9_FC00), (1 << 20, 64 << 20), (4 << 30, 64 << 20 + 4 << 30)]),
        layout: .single, cpus: cpus, commandLine: commandLine))
  }

  /// Usable memory in ranges of addresses.
  static func map(_ ranges: [(UInt, UInt)]) -> MemoryMap {
    MemoryMap(
      ranges.map { start, end in
        MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(end), .usable)
      })
  }

  var allocator: PageAllocator { host.subsystem.allocator }
  var topology: MemoryTopology { allocator.topology }
  var vmemmap: Vmemmap { allocator.vmemmap }
  var failures: FailureInjector { host.machine.failures }

  /// The zone of `kind` on a node.
  func zone(_ kind: ZoneKind, node: Int = 0) -> Zone {
    guard let zone = topology.zones.first(where: { $0.node == NodeID(node) && $0.kind == kind })
    else { preconditionFailure("every node has a zone of each kind") }
    return zone
  }

  func lists(_ kind: ZoneKind, node: Int = 0) -> ZoneFreeLists {
    allocator.freeLists[zone(kind, node: node).index]
  }

  func cpuLists(_ kind: ZoneKind, node: Int = 0) -> ZoneCPULists {
    allocator.cpuLists[zone(kind, node: node).index]
  }

  /// The free pages of a zone, CPUs' lists apart.
  func freePageCount(_ kind: ZoneKind, node: Int = 0) -> UInt {
    lists(kind, node: node).freePageCount.load(ordering: .relaxed)
  }

  /// The free blocks of a zone, by order, whatever their type.
  func blockCounts(_ kind: ZoneKind) -> [UInt] {
    let lists = lists(kind)
    return (0...allocator.maximumOrder.index).map { order in
      MigrateType.allCases.reduce(0) { $0 + lists.blockCount(PageOrder(order), $1) }
    }
  }

  /// Whatever is wrong. Tests take blocks to which nobody refers, which nobody can tell from lost
  /// ones; that none is lost they see by their counts.
  var violations: [InvariantViolation] {
    host.subsystem.checkInvariants().filter { $0.rule != .lostFrame }
  }

  /// Expects that nothing is wrong and that the test holds `held` pages, no more and no fewer.
  ///
  /// A test that isolates pageblocks by hand, of blocks that do not go offline, says so.
  func check(
    holding held: UInt = 0, isIsolating: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let violations = violations.filter { !isIsolating || $0.rule != .isolatedMemory }
    #expect(violations == [], sourceLocation: sourceLocation)
    #expect(FreeMemory(of: allocator).faults == [], sourceLocation: sourceLocation)
    let totals = host.subsystem.totals
    #expect(
      totals.managedPageCount - totals.freePageCount == takenAtBoot + held,
      "frames were lost or doubled", sourceLocation: sourceLocation)
  }

  /// Takes every block of `order` that a zone has, whatever watermarks say.
  func takeAll(_ order: PageOrder, _ kind: ZoneKind, node: Int = 0) -> [PageFrameNumber] {
    let lists = lists(kind, node: node)
    var taken: [PageFrameNumber] = []
    while let pfn = lists.lock.withLock({ allocator.removeBlock(order, .movable, from: lists) }) {
      taken.append(pfn)
    }
    return taken
  }

  /// Takes all of a zone, largest blocks first, and returns those of the largest order.
  func takeEverything(_ kind: ZoneKind, node: Int = 0) -> (largest: [PageFrameNumber], pages: UInt)
  {
    let before = freePageCount(kind, node: node)
    let largest = takeAll(allocator.maximumOrder, kind, node: node)
    for order in stride(from: allocator.maximumOrder.index - 1, through: 0, by: -1) {
      _ = takeAll(PageOrder(order), kind, node: node)
    }
    return (largest, before)
  }

  /// Gives blocks back past the CPUs' lists, in order.
  func giveBack(_ blocks: [PageFrameNumber], _ order: PageOrder) {
    for pfn in blocks { allocator.freeRun(FrameRange(start: pfn, pageCount: order.pageCount)) }
  }
}
