// SPDX-License-Identifier: Apache-2.0

extension ComparisonRules {
  /// As much vmemmap is mapped: splitting a huge leaf makes 512 entries of it.
  static func mappedVmemmap(_ step: StepComparison) -> [Difference] {
    guard let wanted = step.wanted.vmemmap else { return [] }
    return step.compare(
      "\(hugeLeavesField) × 512 + vmemmap.entries", by: .mappedVmemmap,
      wanted: wanted.mappedPages, found: step.found.vmemmap?.mappedPages)
  }

  /// As many pages are saved, by as many read-only entries.
  ///
  /// Under slack within what optimising its pages saves, and a shared frame per zone.
  static func savings(_ step: StepComparison) -> [Difference] {
    guard let wanted = step.wanted.vmemmap else { return [] }
    let tolerance = step.slack.map { $0.savedPageCount + step.zoneCount } ?? 0
    let found = step.found.vmemmap
    return step.compare(
      "vmemmap.read_only_entries", by: .savings, wanted: wanted.readOnlyEntries,
      found: found?.readOnlyEntries, within: tolerance)
      + step.compare(
        "vmemmap.saved_pages", by: .savings, wanted: wanted.savedPages, found: found?.savedPages,
        within: tolerance)
  }

  /// Frames of the vmemmap are shared alike.
  ///
  /// Where folios of several zones share frames, into which zone a folio falls is chance, and so
  /// only the sum of times mapped counts, give or take a frame per zone.
  static func sharedFrames(_ step: StepComparison) -> [Difference] {
    guard let wanted = step.wanted.vmemmap else { return [] }
    let found = step.found.vmemmap
    let field = "vmemmap.shared_frames"
    if step.sharingDependsOnChance {
      return step.compare(
        "\(field).sum", by: .sharedFrames, wanted: wanted.timesSharedFramesAreMapped,
        found: found?.timesSharedFramesAreMapped,
        within: step.zoneCount + (step.slack?.vmemmapPageCount ?? 0))
    }
    guard wanted.framesByTimesMapped != found?.framesByTimesMapped else { return [] }
    let lines = found.map { Difference.Value.list($0.sharingLines) } ?? .absent
    return [step.difference(field, .sharedFrames, .list(wanted.sharingLines), lines)]
  }

  /// As many tables are spent and huge leaves left, give or take where huge pages landed.
  static func tables(_ step: StepComparison) -> [Difference] {
    guard let wanted = step.wanted.vmemmap else { return [] }
    let tolerance = tablesTolerance(step)
    let found = step.found.vmemmap
    return step.compare(
      "vmemmap.entry_tables", by: .tables, wanted: wanted.entryTables,
      found: found?.entryTables, within: tolerance)
      + step.compare(
        hugeLeavesField, by: .tables, wanted: wanted.hugeLeaves, found: found?.hugeLeaves,
        within: tolerance)
  }

  /// How far the numbers of tables and of huge leaves may be apart.
  static func tablesTolerance(_ step: StepComparison) -> Int {
    let pool = step.wanted.pools.values.reduce(0) { $0 + $1.count }
    return tableSpread + step.nodeCount + pool / pagesPerTable
  }

  /// Vmalloc areas are mapped by as many huge leaves.
  static func vmalloc(_ step: StepComparison) -> [Difference] {
    guard let wanted = step.wanted.vmallocHugeLeaves else { return [] }
    return step.compare(
      "vmalloc.huge_leaves", by: .vmalloc, wanted: wanted, found: step.found.vmallocHugeLeaves)
  }
}

extension StepComparison {
  /// Whether chance decides how often each shared frame is mapped.
  ///
  /// Before 7.2 no two folios share a frame. From then on each zone has one for every size; more
  /// frames than sizes mean that several zones are involved.
  var sharingDependsOnChance: Bool {
    guard slack == nil else { return true }
    guard kernel.sharesTailsBetweenFolios, let vmemmap = wanted.vmemmap else { return false }
    let sizes = OptimizedPages(in: wanted, of: kernel).counts.count
    let frames = vmemmap.sharedFrames.values.reduce(0, +)
    return nodeCount > 1 || frames > sizes
  }
}

extension VmemmapCounts {
  /// The pages of the vmemmap that any entry maps, at most `Int.max / 2`.
  fileprivate var mappedPages: Int {
    let (leaves, overflow) = hugeLeaves.multipliedReportingOverflow(by: 512)
    return overflow ? Int.max / 2 : min(leaves, Int.max / 2) + entries
  }

  /// The shared frames, without entries that say nothing.
  fileprivate var framesByTimesMapped: [Int: Int] {
    sharedFrames.filter { $0.key > 1 && $0.value > 0 }
  }

  /// The times that all shared frames together are mapped, at most `Int.max / 2`.
  fileprivate var timesSharedFramesAreMapped: Int {
    framesByTimesMapped.reduce(0) { sum, entry in
      let (times, overflow) = entry.key.multipliedReportingOverflow(by: entry.value)
      return overflow ? Int.max / 2 : min(Int.max / 2, sum + min(times, Int.max / 4))
    }
  }

  /// The shared frames as `times mapped×frames`, in order.
  fileprivate var sharingLines: [String] {
    framesByTimesMapped.sorted { $0.key < $1.key }.map { "\($0.key)×\($0.value)" }
  }
}
