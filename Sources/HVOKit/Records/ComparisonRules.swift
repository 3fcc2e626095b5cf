// SPDX-License-Identifier: Apache-2.0

/// What must be equal, and what may differ by how much: one function per ``ComparisonRule``.
///
/// Each tolerance is a constant with the reason for it. None is wider than real kernels vary.
enum ComparisonRules {
  /// Tables and huge leaves that even a small pool may need more or fewer.
  ///
  /// Where a huge page lands, and so which 2 MiB entry of the vmemmap must be split, is chance.
  static let tableSpread = 3

  /// The 2M pages whose descriptors one 2 MiB entry of the vmemmap maps: 512 pages, 8 for each.
  static let pagesPerTable = 64

  /// Free pages that a recorded kernel's own processes took or gave back between observations.
  ///
  /// - Unit: pages.
  static let freeSpread = 160

  /// Every difference between two observations, by all rules.
  static func differences(_ step: StepComparison) -> [Difference] {
    let found =
      pools(step) + memmapSum(step) + totals(step) + zoneSizes(step) + mappedVmemmap(step)
      + savings(step) + sharedFrames(step) + tables(step) + freePages(step) + vmalloc(step)
    return withoutSumsOfReportedParts(found)
  }

  /// Leaves out the difference of a sum where a part of the sum is reported already.
  ///
  /// One wrong number is one difference, not two.
  private static func withoutSumsOfReportedParts(_ differences: [Difference]) -> [Difference] {
    let fields = Set(differences.map(\.field))
    return differences.filter { difference in
      switch difference.rule {
      case .memmapSum: fields.isDisjoint(with: [memmapField, bootMemmapField])
      case .mappedVmemmap: !fields.contains(hugeLeavesField)
      default: true
      }
    }
  }

  static let memmapField = "nr_memmap_pages"
  static let bootMemmapField = "nr_memmap_boot_pages"
  static let hugeLeavesField = "vmemmap.huge_leaves"
}
