// SPDX-License-Identifier: Apache-2.0

/// How far a zone has been searched for contiguous memory.
///
/// Below the place where a search ended, no block of its order is free as a whole until somebody
/// frees memory there. The next search goes on from that place and still finds the lowest free
/// block; one that began anew each time would make the filling of a zone quadratic.
struct ContiguousSearch {
  private var order = PageOrder.page
  private var next = PageFrameNumber(0)

  /// Where a search for a block of `order` may begin, in a zone whose first such block starts at
  /// `lowest`.
  func start(for order: PageOrder, lowest: PageFrameNumber) -> PageFrameNumber {
    order == self.order ? max(next, lowest) : lowest
  }

  /// Notes that below `end` no block of `order` is free.
  mutating func advance(to end: PageFrameNumber, order: PageOrder) {
    self.order = order
    next = end
  }

  /// Notes that memory at `pfn` becomes free.
  @inline(__always)
  mutating func noteFree(_ pfn: PageFrameNumber) {
    if pfn < next { next = pfn.aligned(downTo: order) }
  }
}
