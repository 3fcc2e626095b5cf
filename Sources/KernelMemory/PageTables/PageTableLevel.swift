// SPDX-License-Identifier: Apache-2.0

/// A level of the page tables, named as the kernel names it.
///
/// A format without a level simply does not list it (spec 03 section 1).
public enum PageTableLevel: UInt8, CaseIterable, Comparable, Sendable {
  case pte, pmd, pud, p4d, pgd

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
