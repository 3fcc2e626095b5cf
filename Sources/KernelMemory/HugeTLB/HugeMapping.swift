// SPDX-License-Identifier: Apache-2.0

/// Why a mapping could not be made.
enum MappingError: Error, Equatable {
  /// The pool cannot promise that many pages: `ENOMEM`.
  case outOfMemory
}

/// Why a mapping has no page where one was touched.
enum FaultError: Error, Equatable {
  /// The pool has no page left for it: the process gets a `SIGBUS`.
  case noSpace
  /// The touched page lies outside the mapping.
  case outOfBounds
}

/// A process's private mapping of huge pages.
///
/// With a reservation, every page is promised from the start, and touching cannot fail for want of
/// pages. Without one, each touch takes its chance.
///
/// The mapping owns a reference to each page it has touched: it must be released.
///
/// - Linux: `mmap()` with `MAP_HUGETLB`.
final class HugeMapping: @unchecked Sendable {
  /// Whether pages are promised when the mapping is made.
  enum Manner { case reserve, noReserve }

  /// A page that was touched.
  private struct MappedPage {
    let index: UInt
    let head: PageFrameNumber
  }

  let pool: HugePagePool
  /// The pages that the mapping spans.
  ///
  /// - Unit: huge pages.
  let pageCount: UInt
  let manner: Manner
  /// Guards all that follows, as the process's own lock would.
  private let lock = SpinLock(.mapping)
  /// Touched pages, by ascending index.
  private var pages: [MappedPage] = []
  private var isReleased = false

  /// Maps `pageCount` pages of `pool`.
  ///
  /// - Throws: ``MappingError/outOfMemory`` if they cannot be promised; nothing is mapped.
  init(pool: HugePagePool, pageCount: UInt, manner: Manner) throws(MappingError) {
    if manner == .reserve {
      do throws(ReservationError) {
        try pool.reserve(pageCount)
      } catch {
        throw .outOfMemory
      }
    }
    self.pool = pool
    self.pageCount = pageCount
    self.manner = manner
    pool.hugeTLB.mappings.add(self)
  }

  deinit {
    precondition(isReleased, "a mapping was dropped with its pages")
  }

  /// The pages that have been touched.
  ///
  /// - Unit: huge pages.
  var touchedPageCount: UInt { lock.withLock { UInt(pages.count) } }

  /// The frames of the page at `index`, if it has been touched.
  func folio(at index: UInt) -> Folio? {
    lock.withLock {
      let place = place(of: index)
      guard place < pages.count, pages[place].index == index else { return nil }
      return pool.folio(pages[place].head)
    }
  }

  /// Touches the page at `index`, which has memory from then on.
  ///
  /// - Throws: ``FaultError``; nothing changed.
  func touch(_ index: UInt) throws(FaultError) {
    guard index < pageCount else { throw .outOfBounds }
    try lock.withLock { () throws(FaultError) in
      precondition(!isReleased, "a released mapping is not touched")
      let place = place(of: index)
      if place < pages.count, pages[place].index == index { return }
      guard let head = pool.allocatePage(manner == .reserve ? .reserved : .unreserved) else {
        throw .noSpace
      }
      pages.insert(MappedPage(index: index, head: head), at: place)
      pool.commit(head)
    }
  }

  /// Touches all pages, first to last.
  ///
  /// - Throws: ``FaultError/noSpace``; the pages before the one without memory stay mapped.
  func touchAll() throws(FaultError) {
    for index in 0..<pageCount { try touch(index) }
  }

  /// Unmaps everything: pages go back to the pool, and promises that were not used are taken back.
  func release() {
    lock.withLock {
      guard !isReleased else { return }
      isReleased = true
      for page in pages { pool.dropReference(to: page.head) }
      if manner == .reserve { pool.unreserve(pageCount &- UInt(pages.count)) }
      pages = []
      pool.releaseDeferredPages()
    }
    pool.hugeTLB.mappings.remove(self)
  }

  /// Lets the page at `new`, with the same contents, take the place of that at `old`.
  ///
  /// - Returns: false if the mapping has no such page; then nothing changed. Otherwise the caller owns
  ///   the reference to `old`.
  func replace(_ old: PageFrameNumber, with new: PageFrameNumber) -> Bool {
    lock.withLock {
      guard let place = pages.firstIndex(where: { $0.head == old }) else { return false }
      pool.moveContents(of: old, to: new)
      pages[place] = MappedPage(index: pages[place].index, head: new)
      return true
    }
  }

  /// Where in ``pages`` the page at `index` is or belongs.
  private func place(of index: UInt) -> Int {
    var low = 0
    var high = pages.count
    if let last = pages.last, last.index < index { return high }
    while low < high {
      let middle = low + (high - low) / 2
      if pages[middle].index < index { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
