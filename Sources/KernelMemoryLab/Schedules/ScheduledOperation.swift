// SPDX-License-Identifier: Apache-2.0

@_spi(Benchmarking) @_spi(Lab) import KernelMemory

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

  /// Those of which every pair is explored.
  public static let paired = allCases.filter { $0 != .recycle }
}

extension ScheduledOperation {
  /// All pairs, those of an operation with itself included.
  public static var pairs: [[Self]] {
    paired.indices.flatMap { first in paired[first...].map { [paired[first], $0] } }
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
    case .recycle:
      scene.giveBasePagesBack()
      _ = subsystem.resizePool(of: scene.order, to: ScheduleScene.pageCount + 1)
    }
  }
}
