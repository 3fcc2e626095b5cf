// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Free blocks of one zone that its CPUs keep at hand, so that most requests need no zone lock.
///
/// They are out of the zone's free count, and come back when the zone is drained.
///
/// - Linux: `struct per_cpu_pages` (spec 02 section 2.3).
final class ZoneCPULists: Sendable {
  /// One CPU's blocks.
  final class Keep: Sendable {
    let lock = SpinLock(.cpuList)
    /// Changes under ``lock`` only, and is read without.
    private let pages = Atomic<UInt>(0)
    /// By class of order, then by type; guarded by ``lock``.
    let lists: FixedArray<FrameList>

    init(listCount: Int) { lists = FixedArray(repeating: FrameList(), count: listCount) }

    var pageCount: UInt {
      @inline(__always) get { pages.load(ordering: .relaxed) }
    }

    /// Notes how many pages there are. The caller holds ``lock``.
    @inline(__always)
    func setPageCount(_ count: UInt) { pages.store(count, ordering: .relaxed) }
  }

  /// How many pages a CPU takes or gives back at once.
  ///
  /// - Unit: base pages.
  var batchPageCount: UInt { batch.load(ordering: .relaxed) }
  /// How many pages a CPU keeps at most.
  ///
  /// - Unit: base pages.
  var highPageCount: UInt { high.load(ordering: .relaxed) }
  private let batch = Atomic<UInt>(1)
  private let high = Atomic<UInt>(0)
  let keeps: ObjectTable<Keep>
  private let pageblockOrder: PageOrder
  /// Orders up to this one have a class each; the pageblock order has the last.
  private static var smallOrders: Int { 4 }
  /// The types of blocks that are kept: the first ones.
  private static var typeCount: Int { Int(MigrateType.reclaimable.rawValue) + 1 }

  init(cpuCount: Int, pageblockOrder: PageOrder) {
    self.pageblockOrder = pageblockOrder
    let count = (Self.smallOrders + 1) * Self.typeCount
    keeps = ObjectTable((0..<cpuCount).map { _ in Keep(listCount: count) })
  }

  /// Sets the sizes for a zone with `managed` pages, about `total` of which all CPUs may keep.
  func resize(managed: UInt, total: UInt, pageSize: PageSize) {
    let limit = (1 << 20) / pageSize.byteCount
    let quarter = max(min(managed / 1024, limit) / 4, 1)
    let power = UInt(1) << UInt(UInt.bitWidth - 1 - (quarter + quarter / 2).leadingZeroBitCount)
    let batch = max(power - 1, 1)
    self.batch.store(batch, ordering: .relaxed)
    high.store(max(total / UInt(keeps.count), batch * 4), ordering: .relaxed)
  }

  /// Pages on all CPUs' lists.
  ///
  /// - Unit: base pages.
  var pageCount: UInt { keeps.reduce(0) { $0 &+ $1.pageCount } }

  /// Pages on the lists of `cpu`.
  ///
  /// - Unit: base pages.
  func pageCount(of cpu: CPUID) -> UInt {
    cpu.index < keeps.count ? keeps[cpu.index].pageCount : 0
  }

  /// The list for blocks of `order` and `type`; nil if such blocks are not kept.
  private func list(for order: PageOrder, _ type: MigrateType) -> Int? {
    let column = Int(type.rawValue)
    guard column < Self.typeCount else { return nil }
    if order.index < Self.smallOrders { return order.index &* Self.typeCount &+ column }
    guard order == pageblockOrder else { return nil }
    return Self.smallOrders &* Self.typeCount &+ column
  }

  /// Takes a block that `cpu` keeps.
  func take(
    _ order: PageOrder, _ type: MigrateType, _ vmemmap: Vmemmap, _ cpu: CPUID
  ) -> PageFrameNumber? {
    guard let list = list(for: order, type) else { return nil }
    return keeps.with(cpu.index) { keep in
      guard keep.pageCount > 0 else { return nil }
      return keep.lock.withLock { Self.pop(list, of: order, from: keep, vmemmap) }
    }
  }

  /// Keeps a free block for `cpu`.
  ///
  /// A CPU that has enough gives up the block of that kind that it has had for longest: what was
  /// freed last is the most likely to be in its cache.
  ///
  /// - Returns: a block of the same order that is the caller's now: the one given up, or this one if
  ///   such blocks are not kept; nil if the block is kept and none was given up.
  func put(
    _ pfn: PageFrameNumber, _ order: PageOrder, _ type: MigrateType, _ vmemmap: Vmemmap,
    _ cpu: CPUID
  ) -> PageFrameNumber? {
    guard let list = list(for: order, type) else { return pfn }
    return keeps.with(cpu.index) { keep in
      keep.lock.withLock {
        let isFull = keep.pageCount &+ order.pageCount > highPageCount
        var oldest: PageFrameNumber?
        if isFull {
          oldest = keep.lists.update(list) { list in
            vmemmap.popBack(of: &list, unmark: { $0.privateWord = 0 })
          }
          guard oldest != nil else { return pfn }
        } else {
          keep.setPageCount(keep.pageCount &+ order.pageCount)
        }
        keep.lists.update(list) { list in
          vmemmap.pushFront(pfn, on: &list, mark: { $0.privateWord = DescriptorWords.keptMark })
        }
        return oldest
      }
    }
  }

  /// Takes the first block off a list of `keep`, whose lock the caller holds; the block's head says
  /// "in hand" again.
  @inline(__always)
  private static func pop(
    _ list: Int, of order: PageOrder, from keep: Keep, _ vmemmap: Vmemmap
  ) -> PageFrameNumber? {
    let pfn = keep.lists.update(list) { list in
      vmemmap.popFront(of: &list, unmark: { $0.privateWord = 0 })
    }
    guard let pfn else { return nil }
    keep.setPageCount(keep.pageCount &- order.pageCount)
    return pfn
  }

  /// The order of the blocks on a list.
  private func order(ofList list: Int) -> PageOrder {
    let row = list / Self.typeCount
    return row < Self.smallOrders ? PageOrder(row) : pageblockOrder
  }

  /// Takes every block off every CPU's list and hands it to `body`.
  func drain(_ vmemmap: Vmemmap, _ body: (PageFrameNumber, PageOrder) -> Void) {
    for keep in keeps where keep.pageCount > 0 {
      for list in 0..<keep.lists.count {
        let order = order(ofList: list)
        while let pfn = keep.lock.withLock({ Self.pop(list, of: order, from: keep, vmemmap) }) {
          body(pfn, order)
        }
      }
    }
  }

  /// Calls `body` with each CPU's list of blocks of each order.
  ///
  /// - Precondition: nobody is at work on the lists.
  func forEachList(_ body: (FrameList, PageOrder) -> Void) {
    for keep in keeps {
      for list in 0..<keep.lists.count { body(keep.lists[list], order(ofList: list)) }
    }
  }
}
