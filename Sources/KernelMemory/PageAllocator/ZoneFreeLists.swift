// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The free memory of one zone: lists of blocks by order and type, and whole free sections.
///
/// ```
/// free sections  ▣▣▣▢▣…      nobody has touched these: no descriptor is written for them
/// order 10       ◼─◼─◼       heads are linked through their descriptors; a head says "buddy"
///  …                         and its order, the other frames of the block say nothing
/// order 0        ◼─◼
/// ```
///
/// A section that is entirely free is one bit. It is cut into blocks when a list runs dry, so that
/// a terabyte that is never used costs no descriptor. Reports count it as blocks of the largest
/// order, as a kernel that has finished its deferred initialisation would.
///
/// Everything but the counts and marks is guarded by ``lock``.
///
/// - Linux: `zone->free_area` and the deferred part of a node.
@safe final class ZoneFreeLists: @unchecked Sendable {
  let zone: Zone
  let lock = SpinLock(.zone)
  /// Frames on the lists and in free sections, isolated blocks apart.
  ///
  /// - Unit: base pages.
  let freePageCount = Atomic<UInt>(0)
  /// The part of ``freePageCount`` in blocks for contiguous allocation.
  let freeContiguousPageCount = Atomic<UInt>(0)
  /// Whole free sections, by number above ``firstSection``.
  private(set) var freeSections: BitMap
  private(set) var firstSection: SectionNumber
  /// The largest order on a list.
  let maximumOrder: PageOrder
  /// Where the search for contiguous memory goes on.
  var contiguousSearch = ContiguousSearch()
  /// How far requests may empty the zone.
  ///
  /// - Unit: base pages.
  let minimumMark = Atomic<UInt>(0)
  let lowMark = Atomic<UInt>(0)
  private let highMark = Atomic<UInt>(0)
  private let promotionMark = Atomic<UInt>(0)
  private let lists: UnsafeMutablePointer<FrameList>
  private static var typeCount: Int { MigrateType.allCases.count }

  init(zone: Zone, maximumOrder: PageOrder, sections: SectionTable) {
    self.zone = zone
    self.maximumOrder = maximumOrder
    let count = (maximumOrder.index + 1) * (Self.typeCount + 1)
    unsafe lists = .allocate(capacity: count)
    unsafe lists.initialize(repeating: FrameList(), count: count)
    firstSection = sections.number(of: zone.span.lowerBound)
    freeSections = BitMap(bitCount: Self.sectionCount(of: zone.span, in: sections))
  }

  private static func sectionCount(of span: FrameRange, in sections: SectionTable) -> Int {
    guard !span.isEmpty else { return 0 }
    let end = sections.number(of: span.upperBound.aligned(upTo: sections.order))
    return Int(end.rawValue - sections.number(of: span.lowerBound).rawValue)
  }

  /// Makes room for the free sections of `span`, the zone's new one, and keeps those there are.
  ///
  /// The caller holds the lock.
  ///
  /// - Precondition: the free sections lie inside the new span.
  func cover(_ span: FrameRange, _ sections: SectionTable) {
    let count = Self.sectionCount(of: span, in: sections)
    let first = sections.number(of: span.lowerBound)
    let isSameStart = first == firstSection
    if isSameStart, count <= freeSections.bitCount { return }
    // Room for as much again: a zone that grows block by block copies each bit but a few times.
    let map = BitMap(bitCount: isSameStart ? count * 2 : count)
    var left = freeSections.population
    var bit = 0
    while left > 0 {
      if freeSections[bit] {
        map[bit + Int(bitPattern: firstSection.rawValue &- first.rawValue)] = true
        left -= 1
      }
      bit += 1
    }
    (freeSections, firstSection) = (map, first)
  }

  deinit {
    unsafe lists.deallocate()
  }

  /// All marks of how far the zone may be emptied; read and changed without the lock.
  var watermarks: Watermarks {
    get {
      Watermarks(
        min: minimumMark.load(ordering: .relaxed), low: lowMark.load(ordering: .relaxed),
        high: highMark.load(ordering: .relaxed), promo: promotionMark.load(ordering: .relaxed))
    }
    set {
      minimumMark.store(newValue.min, ordering: .relaxed)
      lowMark.store(newValue.low, ordering: .relaxed)
      highMark.store(newValue.high, ordering: .relaxed)
      promotionMark.store(newValue.promo, ordering: .relaxed)
    }
  }

  /// The list of free blocks of `order` and `type`.
  @inline(__always)
  func withList<Result>(
    _ order: PageOrder, _ type: MigrateType, _ body: (inout FrameList) -> Result
  ) -> Result {
    body(&(unsafe lists[order.index &* (Self.typeCount &+ 1) &+ Int(type.rawValue)]))
  }

  /// The list of free blocks of `order` in isolated pageblocks.
  func withIsolatedList<Result>(
    _ order: PageOrder, _ body: (inout FrameList) -> Result
  ) -> Result {
    body(&(unsafe lists[order.index &* (Self.typeCount &+ 1) &+ Self.typeCount]))
  }

  /// The number of free blocks of `order` and `type` on a list.
  @inline(__always)
  func blockCount(_ order: PageOrder, _ type: MigrateType) -> UInt {
    unsafe lists[order.index &* (Self.typeCount &+ 1) &+ Int(type.rawValue)].count
  }

  /// The bit of section `number`.
  @inline(__always)
  func bit(of number: SectionNumber) -> Int {
    Int(bitPattern: number.rawValue &- firstSection.rawValue)
  }
}
