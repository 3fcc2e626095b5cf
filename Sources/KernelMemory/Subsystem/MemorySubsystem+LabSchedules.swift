// SPDX-License-Identifier: Apache-2.0

import Synchronization

// What a lab that explores interleavings does to a subsystem beyond the public interface:
// `@_spi(Lab) import KernelMemory`.

/// What a reader who owns nothing found behind a frame's number.
@_spi(Lab)
public enum SpeculativeReading: Equatable, Sendable {
  /// Nobody may refer to the frame: it is free, frozen, or on its way from one state to another.
  case unreferenced
  /// The frame was in use; the reader had a reference to it for a moment.
  case referenced
  /// A tail named a head that cannot be its own; these are the tail and what it named.
  case strayTail(PageFrameNumber, head: PageFrameNumber)
}

@_spi(Lab)
extension MemorySubsystem {
  /// The huge pages of a batch.
  public func folios(of batch: FolioBatch) -> [Folio] { batch.folios }

  /// Folds the descriptors of a batch, and completes those of pages that are not folded.
  public func optimizeCompletely(_ batch: FolioBatch) { batch.optimizeCompletely() }

  /// Splits up to `count` pages of `order`, as a write to `demote` does.
  public func demotePages(_ count: UInt, of order: PageOrder) {
    guard let pool = hugeTLB.pool(for: order) else { return }
    // Too little memory is an answer like another.
    try? pool.demote(count)
  }

  /// Marks `pfn` as bad memory, as a machine check does.
  ///
  /// A frame of no huge page is marked in its own descriptor, which therefore must be one that can be
  /// written; what a kernel does with it then is nobody's business here, and the mark goes off again.
  public func strike(_ pfn: PageFrameNumber) {
    do throws(PoisonError) {
      try hugeTLB.poison(pfn)
    } catch {
      let mark = vmemmap.format.hwpoison
      // What was one when it was asked may be a bad frame that is kept by now.
      guard error == .notHugePage, hugeTLB.hasDescriptor(pfn), !vmemmap.has(mark, at: pfn)
      else { return }
      vmemmap.set(mark, at: pfn)
      vmemmap.clear(mark, at: pfn)
    }
  }

  /// Whatever is wrong with the subsystem while somebody has `folios` in hand.
  public func checkInvariants(holding folios: [Folio]) -> [InvariantViolation] {
    checkInvariants(inHand: folios)
  }

  /// Managed frames of which nobody can say who has them: the same, whatever happens.
  ///
  /// - Parameter folios: what the caller has in hand.
  public func strayPageCount(holding folios: [Folio]) -> Int {
    let totals = totals
    var tailCount = 0
    optimizer.tails.forEach { _, _, _ in tailCount += 1 }
    let pooled = hugeTLB.pooledPageCount + vmalloc.ownedPageCount
    let held = folios.reduce(pooled) { $0 + $1.order.pageCount }
    let bad =
      hugeTLB.poisonedPageCount.load(ordering: .relaxed)
      + hugeTLB.abandonedPageCount.load(ordering: .relaxed)
    // Bad frames of blocks that are offline are not managed any more.
    let gone = hotplug.blocks.all.reduce(0) { $0 + $1.badPageCount }
    return Int(totals.managedPageCount + gone) - Int(totals.freePageCount) - totals.tablePageCount
      - tailCount - totals.runtimeVmemmapPageCount - Int(held + bad)
  }

  /// Takes memory block `number` offline, if that can be done.
  ///
  /// - Returns: whether it was.
  public func takeBlockOffline(_ number: UInt) -> Bool {
    (try? hotplug.offline(number)) != nil
  }

  /// Has all TLBs forget the addresses of freed areas, which are free then.
  public func purgeAreas() { vmalloc.purge() }

  /// Walks the kernel's page tables in `range` as a dump of them does, and looks at each table whether
  /// it still is one.
  ///
  /// - Returns: frames to which an entry led and which were no tables any more.
  /// - Linux: `ptdump_walk_pgd()`.
  public func walkTables(in range: Range<VirtualAddress>) -> [PageFrameNumber] {
    tables.addressSpaceLock.withReadLock {
      walkTable(tables.table(at: tables.root), level: format.levelCount - 1, in: range)
    }
  }

  private func walkTable(
    _ table: EntryTable, level: Int, in range: Range<VirtualAddress>
  ) -> [PageFrameNumber] {
    guard level > 0 else { return [] }
    var strays: [PageFrameNumber] = []
    let step: UInt = 1 << format.levels[level].shift
    var address = range.lowerBound
    while address < range.upperBound {
      let end = min(address.rounded(downToBytes: step).advanced(byBytes: step), range.upperBound)
      let entry = table[format.index(of: address, at: level)]
      if case .table(let lower) = format.state(of: entry, at: level) {
        Self.pause()
        let frame = format.pageSize.frame(containing: lower)
        if isTable(frame) {
          strays += walkTable(tables.table(at: lower), level: level - 1, in: address..<end)
        } else {
          strays.append(frame)
        }
      }
      address = end
    }
    return strays
  }

  /// Whether `frame` is a table; those of boot have no mark.
  private func isTable(_ frame: PageFrameNumber) -> Bool {
    vmemmap.with(frame, for: .load) {
      $0.counts.isBlank || $0.counts.type == PageType.table.rawValue
    }
  }

  /// Takes free base pages as the kernel does for itself, each with one reference.
  ///
  /// - Precondition: `frames` is a power of two of pages, naturally aligned.
  /// - Returns: false if one of them is not free; then none was taken.
  public func holdFrames(_ frames: FrameRange) -> Bool {
    guard let zone = topology.zone(of: frames.lowerBound) else { return false }
    allocator.drainCPULists(of: zone)
    guard allocator.takeRange(frames, from: allocator.freeLists[zone.index]) else { return false }
    vmemmap.initialize(frames, place: zone.place, references: 1)
    return true
  }

  /// Drops a reference to each of `frames`, and frees those that have none left.
  public func letGo(of frames: FrameRange) {
    for pfn in frames where vmemmap.dropReference(pfn) == 0 {
      allocator.freeRun(pfn..<pfn.advanced(by: 1))
    }
  }

  /// Looks at `pfn` as somebody does who found it by its number: reads its head, takes a reference
  /// to that unless it has none, looks again, and lets go.
  ///
  /// - Linux: `folio_try_get()` as compaction and `memory_failure()` use it.
  public func lookSpeculatively(at pfn: PageFrameNumber) -> SpeculativeReading {
    let head = vmemmap.head(of: pfn)
    guard mayBeHead(head, of: pfn) else { return .strayTail(pfn, head: head) }
    Self.pause()
    guard vmemmap.takeReferenceUnlessZero(head) else { return .unreferenced }
    Self.pause()
    let isSame = vmemmap.head(of: pfn) == head
    drop(head)
    return isSame ? .referenced : .unreferenced
  }

  /// Whether `head`, that the descriptor of `pfn` named, starts a block in which `pfn` can lie.
  private func mayBeHead(_ head: PageFrameNumber, of pfn: PageFrameNumber) -> Bool {
    head == pfn
      || hugeTLB.pools.contains { $0.order >= .page && pfn.aligned(downTo: $0.order) == head }
  }

  /// Drops a reference; with the last one the frame goes to where it came from.
  private func drop(_ head: PageFrameNumber) {
    guard vmemmap.dropReference(head) == 0 else { return }
    if vmemmap.isHugeTLB(head), let pool = hugeTLB.pool(ofPageAt: head) {
      pool.freePage(head)
      pool.releaseDeferredPages()
    } else {
      allocator.freeRun(head..<head.advanced(by: 1))
    }
  }

  /// Lets other CPUs come between.
  private static func pause() {
    #if !hasFeature(Embedded)
      if Machine.isObserved { Machine.observe(.exchanging) }
    #endif
  }
}

@_spi(Lab)
extension PagingFormat {
  /// The same architecture with huge pages of just these orders.
  ///
  /// A small machine has no room for pages of the usual sizes beyond the smallest.
  public func withHugePages(of orders: [PageOrder]) -> PagingFormat {
    var format = self
    format.hugePageOrders = HugePageOrders(
      mask: orders.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
    return format
  }
}
