// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The kernel's vmalloc areas: addresses that lie together, for pages that need not.
///
/// ```
/// allocate ─▶ addresses reserved ─▶ pages in hand ─▶ tables ready ─▶ mapped, complete
///                                                                        │ free
/// addresses free again ◀─ one flush for all ◀─ unpurged: unmapped, addresses kept
/// ```
///
/// Everything that can fail comes before the first entry is written, so a failure leaves neither
/// pages nor addresses nor a stale translation behind.
///
/// Pages go back to the allocator as soon as an area is unmapped. TLBs may know them for longer, so
/// no address is given out again until all of them have forgotten it; the flushes for many areas
/// are one.
///
/// - Linux: `mm/vmalloc.c` (spec 09).
final class VmallocArena: @unchecked Sendable {
  let policy: VmallocPolicy
  let tables: KernelPageTables
  let allocator: PageAllocator
  let accounting: VmemmapAccounting
  /// The node whose memory serves whoever has no wish.
  let localNode: NodeID
  /// Whether areas may be mapped huge at all.
  ///
  /// - Linux: `nohugevmalloc`.
  let allowsHugePages: Bool
  /// Whether a device's memory may be mapped huge.
  ///
  /// - Linux: `nohugeiomap`.
  let allowsHugeDeviceMappings: Bool

  /// Guards ``tree``, ``unpurged``, ``unpurgedPageCount``, ``nodePageCounts``, and every area's state.
  let lock = SpinLock(.areas)
  /// Held by whoever purges.
  let purgeLock = SpinLock(.purge)
  /// Held while tables are made.
  let tableLock = SpinLock(.areaTables)
  /// All areas, also those whose addresses are not free again.
  var tree = AddressTree<VmallocArea>()
  /// Freed areas that TLBs may still know, in the order in which they were freed.
  var unpurged: [VmallocArea] = []
  /// The pages that these take up, guard pages included.
  var unpurgedPageCount: UInt = 0
  /// For each node by its number: pages that areas own.
  let nodePageCounts = FixedArray<UInt>(repeating: 0, count: NodeID.limit)
  /// For each level: whether a bad entry was met there.
  private let badLevels = Atomic<UInt8>(0)
  /// How often TLBs were flushed for freed areas.
  let purgeCount = Atomic<UInt>(0)

  init(
    policy: VmallocPolicy, tables: KernelPageTables, allocator: PageAllocator,
    accounting: VmemmapAccounting, localNode: NodeID, parameters: BootParameters
  ) {
    self.policy = policy
    self.tables = tables
    self.allocator = allocator
    self.accounting = accounting
    self.localNode = localNode
    allowsHugePages = parameters.option(named: "nohugevmalloc") == nil
    allowsHugeDeviceMappings = parameters.option(named: "nohugeiomap") == nil
  }

  var machine: Machine { tables.machine }
  var format: PagingFormat { tables.format }
  var pageSize: PageSize { tables.format.pageSize }
  var topology: MemoryTopology { allocator.topology }

  /// The pages of freed areas beyond which TLBs are flushed.
  ///
  /// - Unit: base pages.
  /// - Linux: `lazy_max_pages()`.
  var purgeThreshold: UInt {
    let digits = Int.bitWidth - machine.cpuCount.leadingZeroBitCount
    return UInt(digits) &* ((32 << 20) &>> pageSize.shift)
  }

  /// Pages that areas own.
  ///
  /// - Linux: `vmalloc_nr_pages()`.
  var ownedPageCount: UInt {
    lock.withLock { topology.nodes.reduce(0) { $0 &+ nodePageCounts[$1.id.index] } }
  }

  /// Pages of `node` that areas own.
  func ownedPageCount(on node: NodeID) -> UInt { lock.withLock { nodePageCounts[node.index] } }

  /// The complete area that starts at `start`.
  func area(startingAt start: VirtualAddress) -> VmallocArea? {
    lock.withLock {
      guard let area = tree.value(startingAt: start), area.state == .complete else { return nil }
      return area
    }
  }

  /// Whether the area with `address` may be mapped with huge leaves; false if there is no area.
  ///
  /// - Linux: `is_vm_area_hugepages()`.
  func hasHugePages(at address: VirtualAddress) -> Bool {
    lock.withLock {
      guard let area = tree.value(containing: address) else { return false }
      return area.state == .complete && area.order > .page
    }
  }

  /// The frame behind `address`; nil if nothing is mapped there, or memory without a descriptor.
  ///
  /// The first bad entry of a level is noted.
  ///
  /// - Linux: `vmalloc_to_page()`.
  func frame(at address: VirtualAddress) -> PageFrameNumber? {
    guard format.vmallocRange.contains(address) else { return nil }
    switch tables.lookUp(address) {
    case .nothing: return nil
    case .bad(let level):
      badLevels.bitwiseOr(1 &<< UInt8(level), ordering: .relaxed)
      return nil
    case .frame(let pfn):
      let sections = topology.sections
      return sections[sections.number(of: pfn)].marks.contains(.hasMap) ? pfn : nil
    }
  }

  /// How many warnings about bad entries there were: one for each level at most.
  var warningCount: Int { badLevels.load(ordering: .relaxed).nonzeroBitCount }
}
