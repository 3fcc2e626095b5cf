// SPDX-License-Identifier: Apache-2.0

// Unfolding allocates, and the last reference to a page may be dropped where nothing can be waited
// for. Folded pages that leave the pool there are put on a list until somebody can.

extension HugePagePool {
  /// Puts a removed page aside until ``releaseDeferredPages()``.
  ///
  /// The caller holds ``HugeTLB/lock``.
  ///
  /// - Linux: `hpage_freelist` (spec 06 section 7).
  func deferRelease(_ head: PageFrameNumber) {
    vmemmap.pushFront(head, on: &deferredList)
  }

  /// Gives the pages that were put aside back to the page allocator; what cannot be unfolded
  /// returns to the pool as surplus.
  ///
  /// - Linux: `free_hpage_workfn()`.
  func releaseDeferredPages() {
    while let head = hugeTLB.lock.withLock({ vmemmap.popFront(of: &deferredList) }) {
      releasePage(head)
    }
  }
}
