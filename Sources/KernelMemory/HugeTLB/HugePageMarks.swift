// SPDX-License-Identifier: Apache-2.0

/// What a pool notes in the private word of a huge page's head.
///
/// Bit 4 says that the vmemmap is folded and belongs to ``VmemmapOptimizer``.
///
/// - Linux: `enum hugetlb_page_flags` (spec 06 section 1).
struct HugePageMarks: OptionSet, Sendable {
  let rawValue: UInt64

  /// A reservation comes back to life when the page is freed.
  static let restoresReserve = Self(rawValue: 1 << 0)
  /// The page can be migrated.
  static let migratable = Self(rawValue: 1 << 1)
  /// The page leaves the pool at its last release.
  static let temporary = Self(rawValue: 1 << 2)
  /// The page is on a free list.
  static let freed = Self(rawValue: 1 << 3)
  /// Which parts are bad could not be recorded: the page is never given back.
  static let poisonUnreliable = Self(rawValue: 1 << 5)
  /// The page came from memory set aside for gigantic pages.
  static let contiguousArea = Self(rawValue: 1 << 6)
}

extension Vmemmap {
  /// Whether the huge page at `head` has all of `marks`.
  func hasHugePageMarks(_ marks: HugePageMarks, at head: PageFrameNumber) -> Bool {
    with(head, for: .load) { $0.privateWord & marks.rawValue == marks.rawValue }
  }

  /// Adds marks to the huge page at `head`.
  func insertHugePageMarks(_ marks: HugePageMarks, at head: PageFrameNumber) {
    with(head) { $0.privateWord |= marks.rawValue }
  }

  /// Removes marks from the huge page at `head`.
  func removeHugePageMarks(_ marks: HugePageMarks, at head: PageFrameNumber) {
    with(head) { $0.privateWord &= ~marks.rawValue }
  }

  /// Whether `head` is the head of a page of a pool.
  func isHugeTLB(_ head: PageFrameNumber) -> Bool {
    with(head, for: .load) { $0.counts.type == PageType.hugeTLB.rawValue }
  }

  /// Says that `head` is the head of a page of a pool, with `references` references.
  func markHugeTLB(_ head: PageFrameNumber, references: UInt32 = 0) {
    with(head) { $0.counts = DescriptorCounts(type: .hugeTLB, references: references) }
  }

  /// Makes `head` an ordinary compound page without references.
  func unmarkHugeTLB(_ head: PageFrameNumber) {
    with(head) { $0.counts = DescriptorCounts(references: 0) }
  }
}
