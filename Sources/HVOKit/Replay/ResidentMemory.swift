// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// What a recorded kernel and its programs held after boot, as far as a twin can know.
///
/// A record tells how much memory was in use, not where. Three quarters are taken as a kernel takes
/// memory for itself: one unmovable page after another, each from the pageblock that the one before
/// left open. The rest stands for page cache and programs, and lies scattered: an eighth of each
/// pageblock that it touches. With so many pageblocks spoiled a twin finds as many huge pages as real
/// kernels did when they were asked for more than there are (`Documentation/Design/Twin.md`).
///
/// Page cache does not stay for ever: what is given up under pressure is read again to where movable
/// memory is taken first, so with a movable zone on its node it ends up there. Programs stay, as there
/// is no swap. A sixteenth of what lies scattered is such page cache.
struct ResidentMemory {
  /// Page cache that lies scattered on a node.
  private struct PageCache {
    let holder: SimulatedProcess
    let node: NodeID
    /// - Unit: base pages.
    let pageCount: UInt
  }

  private let subsystem: MemorySubsystem
  /// The kernel, and programs.
  private let holder: SimulatedProcess
  /// The free pages that the kernel's modules left of those after boot; nil if the record does not
  /// say.
  private let changeByModules: Int?
  private var freeAfterBoot = 0
  /// Page cache that may move.
  private var caches: [PageCache] = []
  /// Page cache in movable zones.
  private var settled: [PageCache] = []

  /// Takes what `record` says was in use, each node's share of it in the node's highest zone.
  init(of record: Record, on subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    holder = SimulatedProcess(of: subsystem)
    let modules = record.steps.first { $0.name == RecordStep.moduleStep }?.after?.freePages
    changeByModules = modules.flatMap { after in record.boot.freePages.map { after - $0 } }
    takeWhatBootLeft(record)
    freeAfterBoot = Int(subsystem.totals.freePageCount)
  }

  private mutating func takeWhatBootLeft(_ record: Record) {
    guard let recorded = record.boot.freePages.flatMap({ UInt(exactly: $0) }) else { return }
    let free = subsystem.totals.freePageCount
    let inUse = free - min(free, recorded)
    for node in subsystem.nodeIDs {
      let zones = subsystem.zones.filter { $0.node == node }
      guard let zone = zones.last else { continue }
      let share = Double(zones.reduce(0) { $0 + $1.freePageCount }) / Double(max(free, 1))
      take(UInt(Double(inUse) * share), of: zone)
    }
  }

  /// Takes what the code and data of the recorded kernel's modules took, beyond what they did, which
  /// this kernel has just done too.
  func takeModules() {
    guard let changeByModules, let node = subsystem.nodeIDs.first else { return }
    let surplus = Int(subsystem.totals.freePageCount) - freeAfterBoot - changeByModules
    if surplus > 0 { _ = holder.takeKernelPages(UInt(surplus), on: node) }
  }

  /// Lets page cache follow movable memory that has come since.
  mutating func settle() {
    for zone in subsystem.zones where zone.kind == .movable {
      caches.removeAll { cache in
        guard cache.node == zone.node, cache.pageCount < zone.freePageCount else { return false }
        cache.holder.exit()
        holder.takePages(cache.pageCount, on: cache.node)
        return true
      }
    }
  }

  private mutating func take(_ count: UInt, of zone: ZoneSummary) {
    let scattered = count - holder.takeKernelPages(count / 4 * 3, on: zone.node)
    scatter(scattered - scattered / 16, over: zone.span, by: holder)
    let cache = PageCache(
      holder: SimulatedProcess(of: subsystem), node: zone.node,
      pageCount: scattered / 16)
    scatter(cache.pageCount, over: zone.span, by: cache.holder)
    if zone.kind != .movable { caches.append(cache) } else { settled.append(cache) }
  }

  /// Takes an eighth of each free pageblock, from the start of `span` on.
  private func scatter(_ count: UInt, over span: FrameRange, by process: SimulatedProcess) {
    let pageblock = subsystem.format.pageblockOrder
    let eighth = PageOrder(pageblock.index - 3)
    var left = count
    var start = span.lowerBound.aligned(upTo: pageblock)
    while left > 0, start < span.upperBound {
      let order =
        left >= eighth.pageCount
        ? eighth : PageOrder(UInt.bitWidth - 1 - left.leadingZeroBitCount)
      if process.take(FrameRange(start: start, pageCount: order.pageCount)) {
        left -= order.pageCount
      }
      start = PageFrameNumber(start.rawValue + 1).aligned(upTo: pageblock)
    }
  }
}
