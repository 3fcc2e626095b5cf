// SPDX-License-Identifier: Apache-2.0

/// Memory of one node that is kept movable, so that gigantic pages can be had from it at any time.
///
/// ```
/// frames  ├── slot 0 ──┼── slot 1 ──┼── slot 2 ──┤
/// taken        0           262144         512        base pages that pools hold
/// ```
///
/// The area only says which slots are worth a try: its free frames are on the page allocator's
/// lists, where movable requests may borrow them.
///
/// - Linux: `struct cma` with `hugetlb_cma[]` (spec 06 section 12).
final class ContiguousArea: @unchecked Sendable {
  let node: NodeID
  let frames: FrameRange
  /// The order of one slot.
  let order: PageOrder
  private let lock = SpinLock(.contiguousArea)
  /// For each slot, the base pages that pools hold; guarded by ``lock``.
  private var takenPageCounts: [UInt]

  /// An area whose slots are free, but for those that start at `held`.
  ///
  /// - Precondition: `frames` start and end on multiples of `order`.
  init(node: NodeID, frames: FrameRange, order: PageOrder, held: [PageFrameNumber] = []) {
    precondition(
      frames.lowerBound.isAligned(to: order) && frames.upperBound.isAligned(to: order),
      "an area consists of whole slots")
    self.node = node
    self.frames = frames
    self.order = order
    takenPageCounts = Array(repeating: 0, count: Int(frames.pageCount / order.pageCount))
    for head in held {
      let offset = head.rawValue &- frames.lowerBound.rawValue
      takenPageCounts[Int(offset / order.pageCount)] = order.pageCount
    }
  }

  /// The base pages that pools hold.
  var takenPageCount: UInt { lock.withLock { takenPageCounts.reduce(0, &+) } }

  /// Takes the first slot of which `take` can get hold.
  ///
  /// `take` runs without the lock; a slot that it refuses is left as it was.
  func takeFirstSlot(_ take: (FrameRange) -> Bool) -> PageFrameNumber? {
    for slot in takenPageCounts.indices where claim(slot) {
      let range = frames(of: slot)
      if take(range) { return range.lowerBound }
      lock.withLock { takenPageCounts[slot] &-= order.pageCount }
    }
    return nil
  }

  /// Notes that `frames`, of one slot, are no longer held.
  func noteReturn(of frames: FrameRange) {
    let offset = frames.lowerBound.rawValue &- self.frames.lowerBound.rawValue
    let slot = Int(offset / order.pageCount)
    lock.withLock { takenPageCounts[slot] &-= frames.pageCount }
  }

  /// Counts all of `slot` as held, if none of it is.
  private func claim(_ slot: Int) -> Bool {
    lock.withLock {
      guard takenPageCounts[slot] == 0 else { return false }
      takenPageCounts[slot] = order.pageCount
      return true
    }
  }

  private func frames(of slot: Int) -> FrameRange {
    let start = frames.lowerBound.rawValue &+ UInt(slot) &* order.pageCount
    return FrameRange(start: PageFrameNumber(start), pageCount: order.pageCount)
  }
}
