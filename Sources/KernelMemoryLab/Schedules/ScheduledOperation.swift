// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) @_spi(Lab) public import KernelMemory

/// Something that a CPU does while others do something else.
public enum ScheduledOperation: String, CaseIterable, Sendable {
  /// Makes the pool larger by a page.
  case grow
  /// Takes all free pages out of the pool.
  case shrink
  /// Splits a page of the larger size into such of the smaller.
  case demote
  /// Folds a batch of two pages.
  case optimize
  /// Unfolds a batch of two pages.
  case restore
  /// Maps a page, touches it, and lets go of it.
  case fault
  /// Finds that memory of a page in the pool is bad.
  case poison
  /// Looks at descriptors by frame number, and takes references where there are any.
  case read
  /// Gives back base pages that were in use, and makes the pool larger by the page that they become.
  case recycle

  /// Maps an area with a huge leaf, where an empty table stands in the way.
  case area
  /// Walks the page tables of areas.
  case walk
  /// Takes a block of memory offline in which the pool has its pages.
  case offline

  /// Those of which every pair is explored.
  public static let paired: [Self] = [
    .grow, .shrink, .demote, .optimize, .restore, .fault, .poison, .read,
  ]
}

extension ScheduledOperation {
  /// All pairs, those of an operation with itself included.
  public static var pairs: [[Self]] {
    paired.indices.flatMap { first in paired[first...].map { [paired[first], $0] } }
  }

  /// Pairs with the other operations, each with those that it can meet.
  public static var furtherPairs: [[Self]] {
    paired.map { [.recycle, $0] } + [[.recycle, .recycle], [.area, .area], [.area, .walk]]
      + [.grow, .shrink, .fault, .poison, .read, .offline].map { [.offline, $0] }
  }

  /// All pairs that `kernel` is to get right.
  ///
  /// A kernel that does not wait for readers lets one store to a page that was folded meanwhile; that
  /// is imitated.
  public static func pairs(for kernel: KernelDesign) -> [[Self]] {
    let isImitated = kernel.vmemmap.readerWait == .never
    return pairs + furtherPairs.filter { !isImitated || $0 != [.recycle, .read] }
  }

  /// Does it as CPU `cpu`.
  func perform(on scene: ScheduleScene, as cpu: Int) {
    let subsystem = scene.subsystem
    switch self {
    case .grow: _ = subsystem.resizePool(of: scene.order, to: ScheduleScene.pageCount + 1)
    case .shrink: _ = subsystem.resizePool(of: scene.order, to: 0)
    case .demote: subsystem.demotePages(1, of: scene.largeOrder)
    case .optimize: scene.updateBatch(of: cpu) { subsystem.optimizeCompletely($0) }
    case .restore: scene.updateBatch(of: cpu) { _ = subsystem.restore(&$0) }
    case .fault: scene.mapAndTouch()
    case .poison: subsystem.strike(scene.target)
    case .read: for pfn in scene.watched { scene.note(subsystem.lookSpeculatively(at: pfn)) }
    case .area: scene.mapArea()
    case .walk: scene.noteTables(subsystem.walkTables(in: scene.areaAddresses))
    case .offline: _ = subsystem.takeBlockOffline(scene.block)
    case .recycle:
      scene.giveBasePagesBack()
      _ = subsystem.resizePool(of: scene.order, to: ScheduleScene.pageCount + 1)
    }
  }
}
