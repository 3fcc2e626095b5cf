// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Free blocks of one zone that its CPUs keep at hand, so that most requests need no zone lock.
///
/// They are out of the zone's free count, and come back when the zone is drained.
///
/// - Linux: `struct per_cpu_pages` (spec 02 section 2.3).
final class ZoneCPULists: @unchecked Sendable {
  /// One CPU's blocks.
  private final class Keep: @unchecked Sendable {
    let lock = SpinLock()
    let pageCount = Atomic<UInt>(0)
    /// By class of order, then by type; guarded by ``lock``.
    var lists: [FrameList]

    init(listCount: Int) { lists = Array(repeating: FrameList(), count: listCount) }
  }

  /// How many pages a CPU takes or gives back at once.
  ///
  /// - Unit: base pages.
  private(set) var batchPageCount: UInt = 1
  /// How many pages a CPU keeps at most.
  ///
  /// - Unit: base pages.
  private(set) var highPageCount: UInt = 0
  private let keeps: [Keep]
  private let pageblockOrder: PageOrder
  private let hasPageblockClass: Bool
  /// Orders up to this one have a class each; the pageblock order has the last.
  private static var smallOrders: Int { 4 }
  private static var types: [MigrateType] { [.unmovable, .movable, .reclaimable] }

  init(cpuCount: Int, pageblockOrder: PageOrder, limit: PageOrder) {
    self.pageblockOrder = pageblockOrder
    hasPageblockClass = pageblockOrder.index >= Self.smallOrders && pageblockOrder <= limit
    let count = (Self.smallOrders + 1) * Self.types.count
    keeps = (0..<cpuCount).map { _ in Keep(listCount: count) }
  }

  /// Sets the sizes for a zone with `managed` pages, `low` of which the low watermark keeps.
  func resize(managed: UInt, low: UInt, pageSize: PageSize) {
    let limit = (1 << 20) / pageSize.byteCount
    let quarter = max(min(managed / 1024, limit) / 4, 1)
    let power = UInt(1) << UInt(UInt.bitWidth - 1 - (quarter + quarter / 2).leadingZeroBitCount)
    batchPageCount = max(power - 1, 1)
    highPageCount = max(low / UInt(keeps.count), batchPageCount * 4)
  }

  /// Pages on all CPUs' lists.
  ///
  /// - Unit: base pages.
  var pageCount: UInt { keeps.reduce(0) { $0 &+ $1.pageCount.load(ordering: .relaxed) } }

  /// Pages on the lists of `cpu`.
  ///
  /// - Unit: base pages.
  func pageCount(of cpu: CPUID) -> UInt {
    cpu.index < keeps.count ? keeps[cpu.index].pageCount.load(ordering: .relaxed) : 0
  }

  /// The list for blocks of `order` and `type`; nil if such blocks are not kept.
  private func list(for order: PageOrder, _ type: MigrateType) -> Int? {
    guard let row = Self.types.firstIndex(of: type) else { return nil }
    if order.index < Self.smallOrders { return order.index * Self.types.count + row }
    guard hasPageblockClass, order == pageblockOrder else { return nil }
    return Self.smallOrders * Self.types.count + row
  }

  /// Takes a block that `cpu` keeps.
  func take(
    _ order: PageOrder, _ type: MigrateType, _ vmemmap: Vmemmap, _ cpu: CPUID
  ) -> PageFrameNumber? {
    guard let list = list(for: order, type) else { return nil }
    let keep = keeps[cpu.index]
    guard keep.pageCount.load(ordering: .relaxed) > 0 else { return nil }
    return keep.lock.withLock {
      guard let pfn = vmemmap.popFront(of: &keep.lists[list]) else { return nil }
      keep.pageCount.wrappingSubtract(order.pageCount, ordering: .relaxed)
      return pfn
    }
  }

  /// Keeps a free block for `cpu`.
  ///
  /// - Returns: false if such blocks are not kept, or `cpu` has enough; the block is the caller's.
  func put(
    _ pfn: PageFrameNumber, _ order: PageOrder, _ type: MigrateType, _ vmemmap: Vmemmap,
    _ cpu: CPUID
  ) -> Bool {
    guard let list = list(for: order, type) else { return false }
    let keep = keeps[cpu.index]
    guard keep.pageCount.load(ordering: .relaxed) &+ order.pageCount <= highPageCount else {
      return false
    }
    keep.lock.withLock {
      vmemmap.pushFront(pfn, on: &keep.lists[list])
      keep.pageCount.wrappingAdd(order.pageCount, ordering: .relaxed)
    }
    return true
  }

  /// Takes every block off every CPU's list and hands it to `body`.
  func drain(_ vmemmap: Vmemmap, _ body: (PageFrameNumber, PageOrder) -> Void) {
    for keep in keeps where keep.pageCount.load(ordering: .relaxed) > 0 {
      for list in keep.lists.indices {
        let row = list / Self.types.count
        let order = row < Self.smallOrders ? PageOrder(row) : pageblockOrder
        while let pfn = keep.lock.withLock({ vmemmap.popFront(of: &keep.lists[list]) }) {
          keep.pageCount.wrappingSubtract(order.pageCount, ordering: .relaxed)
          body(pfn, order)
        }
      }
    }
  }

  /// Calls `body` for each block on a CPU's list.
  func forEach(_ vmemmap: Vmemmap, _ body: (PageFrameNumber, PageOrder) -> Void) {
    for keep in keeps {
      for (index, list) in keep.lists.enumerated() {
        let row = index / Self.types.count
        let order = row < Self.smallOrders ? PageOrder(row) : pageblockOrder
        vmemmap.forEach(in: list) {
          body($0, order)
          return true
        }
      }
    }
  }
}
