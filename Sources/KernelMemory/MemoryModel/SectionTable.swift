// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All sections of physical memory, by number.
///
/// Two levels: a root of pointers, and groups of sections that exist where there is memory, so that
/// a hole of terabytes costs nothing.
///
/// - Linux: `mem_section[][]`, the "extreme" table (spec 01 section 5).
@safe final class SectionTable: @unchecked Sendable {
  /// log2 of the base pages of a section.
  let order: PageOrder
  /// The order of a pageblock.
  let pageblockOrder: PageOrder
  /// One more than the highest section number that can be asked for.
  let limit: UInt
  private let roots: UnsafeMutablePointer<Atomic<UnsafeMutablePointer<StoredSection>?>>
  private let rootCount: Int
  private static var groupShift: UInt { 8 }

  /// An empty table for memory below `end`.
  init(order: PageOrder, pageblockOrder: PageOrder, end: PageFrameNumber) {
    self.order = order
    self.pageblockOrder = pageblockOrder
    limit = end.aligned(upTo: order).rawValue &>> UInt(order.rawValue)
    rootCount = Int((limit &+ (1 &<< Self.groupShift) &- 1) &>> Self.groupShift)
    unsafe roots = .allocate(capacity: max(rootCount, 1))
    for index in 0..<max(rootCount, 1) { unsafe (roots + index).initialize(to: Atomic(nil)) }
  }

  deinit {
    for index in 0..<rootCount {
      guard let group = unsafe roots[index].load(ordering: .relaxed) else { continue }
      unsafe group.deinitialize(count: 1 << Int(Self.groupShift))
      unsafe group.deallocate()
    }
    unsafe roots.deallocate()
  }

  /// The number of the section with `pfn`.
  @inline(__always)
  func number(of pfn: PageFrameNumber) -> SectionNumber {
    SectionNumber(pfn.rawValue &>> UInt(order.rawValue))
  }

  /// The frames of section `number`.
  func frames(of number: SectionNumber) -> FrameRange {
    FrameRange(
      start: PageFrameNumber(number.rawValue &<< UInt(order.rawValue)),
      pageCount: order.pageCount)
  }

  /// The pageblocks of one section.
  var pageblocksPerSection: Int {
    order > pageblockOrder ? 1 << (order.index - pageblockOrder.index) : 1
  }

  /// What is known of section `number`; an absent section has no marks.
  subscript(_ number: SectionNumber) -> MemorySection {
    guard let stored = unsafe stored(number) else { return MemorySection() }
    return unsafe stored.pointee.value
  }

  /// The zone that all of section `number` belongs to, as an index into the topology's zones.
  @inline(__always)
  func zoneIndex(of number: SectionNumber) -> Int? {
    guard let stored = unsafe stored(number) else { return nil }
    return unsafe stored.pointee.zoneIndex
  }

  @inline(__always)
  private func stored(_ number: SectionNumber) -> UnsafeMutablePointer<StoredSection>? {
    guard number.rawValue < limit,
      let group = unsafe roots[Int(bitPattern: number.rawValue &>> Self.groupShift)]
        .load(ordering: .acquiring)
    else { return nil }
    return unsafe group + Int(bitPattern: number.rawValue & ((1 &<< Self.groupShift) &- 1))
  }

  /// Changes what is known of section `number`, which comes into being if need be.
  ///
  /// - Precondition: the number is below ``limit``; boot and hot-plug are the only callers, one at a
  ///   time.
  func update(_ number: SectionNumber, _ body: (inout MemorySection) -> Void) {
    var section = self[number]
    body(&section)
    unsafe makeStored(number).pointee.store(section)
  }

  private func makeStored(_ number: SectionNumber) -> UnsafeMutablePointer<StoredSection> {
    precondition(number.rawValue < limit, "a section lies inside the physical span")
    if let stored = unsafe stored(number) { return unsafe stored }
    let count = 1 << Int(Self.groupShift)
    let group = UnsafeMutablePointer<StoredSection>.allocate(capacity: count)
    for index in 0..<count { unsafe (group + index).initialize(to: StoredSection()) }
    unsafe roots[Int(bitPattern: number.rawValue &>> Self.groupShift)]
      .store(group, ordering: .releasing)
    return unsafe group + Int(bitPattern: number.rawValue & ((1 &<< Self.groupShift) &- 1))
  }

  /// Gives section `number` its pageblocks, all of `type`, if it has none.
  func makePageblocks(of number: SectionNumber, type: MigrateType) {
    let stored = unsafe makeStored(number)
    guard unsafe stored.pointee.pageblocks.load(ordering: .relaxed) == nil else { return }
    let count = pageblocksPerSection
    let blocks = UnsafeMutablePointer<Atomic<UInt8>>.allocate(capacity: count)
    for index in 0..<count { unsafe (blocks + index).initialize(to: Atomic(type.rawValue)) }
    unsafe stored.pointee.pageblocks.store(blocks, ordering: .releasing)
  }
}

extension SectionTable {
  private static var isolated: UInt8 { 0x80 }

  /// The byte of the pageblock with `pfn`.
  ///
  /// It changes under the zone's lock, but is read without.
  @inline(__always)
  private func pageblock(of pfn: PageFrameNumber) -> UnsafeMutablePointer<Atomic<UInt8>>? {
    guard let stored = unsafe stored(number(of: pfn)),
      let blocks = unsafe stored.pointee.pageblocks.load(ordering: .acquiring)
    else { return nil }
    let within = pfn.rawValue & (order.pageCount &- 1)
    return unsafe blocks + Int(bitPattern: within &>> UInt(pageblockOrder.rawValue))
  }

  /// The type of the pageblock with `pfn`.
  @inline(__always)
  func migrateType(of pfn: PageFrameNumber) -> MigrateType {
    guard let block = unsafe pageblock(of: pfn) else { return .movable }
    let byte = unsafe block.pointee.load(ordering: .relaxed)
    return MigrateType(rawValue: byte & ~Self.isolated) ?? .movable
  }

  /// Whether the pageblock with `pfn` is kept from the free lists.
  @inline(__always)
  func isIsolated(_ pfn: PageFrameNumber) -> Bool {
    guard let block = unsafe pageblock(of: pfn) else { return false }
    return unsafe block.pointee.load(ordering: .relaxed) & Self.isolated != 0
  }

  /// Changes the type of the pageblock with `pfn`; isolation stays.
  func setMigrateType(_ type: MigrateType, of pfn: PageFrameNumber) {
    guard let block = unsafe pageblock(of: pfn) else { return }
    let before = unsafe block.pointee.load(ordering: .relaxed)
    unsafe block.pointee.store(before & Self.isolated | type.rawValue, ordering: .relaxed)
  }

  /// Gives all pageblocks that have some of `frames` a type.
  func setMigrateType(_ type: MigrateType, ofAllIn frames: FrameRange) {
    var start = frames.lowerBound
    while start < frames.upperBound {
      let end = min(self.frames(of: number(of: start)).upperBound, frames.upperBound)
      let within = start.rawValue & (order.pageCount &- 1)
      let last = within &+ (end.rawValue &- start.rawValue) &- 1
      let shift = UInt(pageblockOrder.rawValue)
      if let blocks = unsafe pageblock(of: start) {
        for index in 0...Int(bitPattern: last &>> shift &- within &>> shift) {
          let before = unsafe blocks[index].load(ordering: .relaxed)
          unsafe blocks[index].store(before & Self.isolated | type.rawValue, ordering: .relaxed)
        }
      }
      start = end
    }
  }

  /// Isolates the pageblock with `pfn`, or ends its isolation.
  func setIsolated(_ isolated: Bool, of pfn: PageFrameNumber) {
    guard let block = unsafe pageblock(of: pfn) else { return }
    let before = unsafe block.pointee.load(ordering: .relaxed)
    unsafe block.pointee.store(
      before & ~Self.isolated | (isolated ? Self.isolated : 0), ordering: .relaxed)
  }
}
