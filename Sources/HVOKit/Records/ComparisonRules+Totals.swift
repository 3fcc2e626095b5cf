// SPDX-License-Identifier: Apache-2.0

extension ComparisonRules {
  /// Both memmap counters together change equally; under slack within its vmemmap pages.
  ///
  /// A page of descriptors moves from one counter to the other when it leaves boot memory, and
  /// leaves both only when it is given back: the sum is free of that chance.
  static func memmapSum(_ step: StepComparison) -> [Difference] {
    step.compareChange(
      "\(memmapField) + \(bootMemmapField)", by: .memmapSum,
      within: step.slack?.vmemmapPageCount ?? 0
    ) { observation in
      guard let pages = observation.memmapPages, let boot = observation.bootMemmapPages
      else { return nil }
      return pages + boot
    }
  }

  /// `MemTotal`, each memmap counter, and the pages that each zone manages change equally.
  static func totals(_ step: StepComparison) -> [Difference] {
    let tolerance = totalsTolerance(step)
    func compare(_ field: String, _ value: (Observation) -> Int?) -> [Difference] {
      step.compareChange(field, by: .totals, within: tolerance, of: value)
    }
    return compare("MemTotal", \.memTotal)
      + compare(memmapField, \.memmapPages)
      + compare(bootMemmapField, \.bootMemmapPages)
      + zones(step) { zone in compare("zones.\(zone).managed") { $0[zone].managed } }
  }

  /// How far the changes of totals may be apart.
  ///
  /// Two things beside the kernel's own spread are chance. A folio that is optimised again gives
  /// up boot memory only if its descriptors still lie there, so each of its vmemmap pages counts
  /// or does not. And a target that optimised more or fewer folios under slack has released that
  /// much more or less boot memory, for good: `MemTotal` never falls.
  static func totalsTolerance(_ step: StepComparison) -> Int {
    let again = step.memTotalIsExact ? 0 : step.vmemmapPagesOptimizedAgain
    return max(step.kernel.totalsSpread, again) + step.vmemmapPagesUnderSlack
  }

  /// The pages that each zone spans and that are present in it change equally.
  static func zoneSizes(_ step: StepComparison) -> [Difference] {
    zones(step) { zone in
      step.compareChange("zones.\(zone).spanned", by: .zoneSizes) { $0[zone].spanned }
        + step.compareChange("zones.\(zone).present", by: .zoneSizes) { $0[zone].present }
    }
  }

  /// The differences that `compare` finds in each zone that either side shows.
  private static func zones(
    _ step: StepComparison, compare: (RecordedZone) -> [Difference]
  ) -> [Difference] {
    guard !step.wanted.zones.isEmpty else { return [] }
    return Set(step.wanted.zones.keys).union(step.found.zones.keys).sorted().flatMap(compare)
  }

  /// Free memory changes equally, but for what processes hold.
  ///
  /// It is the change of saved pages, less that of pages held by pools, less that of tables. So
  /// where slack lets pools differ, it is held against that law instead. A record leaves it out
  /// where processes held memory.
  static func freePages(_ step: StepComparison) -> [Difference] {
    guard step.found.freePages != nil else { return [] }
    let differences = step.compareChange(
      "free", by: .freePages, within: freeSpread, of: \.freePages)
    guard step.slack != nil, !differences.isEmpty else { return differences }
    let beyondLaw = step.compareChange("free", by: .freePages, within: freeSpread) { observation in
      guard let free = observation.freePages, let explained = observation.pagesThatExplainFree
      else { return nil }
      return free - explained
    }
    return beyondLaw.isEmpty ? [] : differences
  }
}

extension Observation {
  /// The zone's counters; a zone without memory is not listed.
  fileprivate subscript(zone: RecordedZone) -> ZoneCounts { zones[zone] ?? .none }

  /// The pages by whose change free memory changes: saved − held by pools − spent on tables.
  var pagesThatExplainFree: Int? {
    guard let vmemmap else { return nil }
    return vmemmap.savedPages - pagesInPools - vmemmap.entryTables
  }

  /// The pages that huge pages hold, at most `Int.max / 4`.
  private var pagesInPools: Int {
    pools.reduce(0) { sum, entry in
      let (pages, overflow) = entry.value.count.multipliedReportingOverflow(
        by: entry.key.pageCount)
      let limit = Int.max / 4
      return overflow ? limit : min(limit, sum + min(limit, pages))
    }
  }
}
