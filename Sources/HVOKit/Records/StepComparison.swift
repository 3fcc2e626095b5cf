// SPDX-License-Identifier: Apache-2.0

/// One observation of a record beside the target's, with all that the rules need to judge it.
struct StepComparison {
  /// The record's description.
  let record: String
  let kernel: RecordedKernel
  /// The step's name; `boot` before the first step.
  let step: String
  let wanted: Observation
  let found: Observation
  let bootWanted: Observation
  let bootFound: Observation
  let slack: PoolSlack?
  let memTotalIsExact: Bool
  /// The vmemmap pages of folios that were optimised again, where it is chance whether their
  /// descriptors still lie in boot memory.
  let vmemmapPagesOptimizedAgain: Int
  /// The vmemmap pages of folios that slack has let the target have more or fewer, so far.
  let vmemmapPagesUnderSlack: Int
}

extension StepComparison {
  /// The nodes that the record shows.
  var nodeCount: Int { max(1, Set(wanted.zones.keys.map(\.node)).count) }

  /// The zones that the record shows, of ordinary memory.
  var zoneCount: Int { wanted.zones.keys.filter { $0.name != "Device" }.count }

  /// The differences of `field`, which both must show equally, give or take `tolerance`.
  func compare(
    _ field: String, by rule: ComparisonRule, wanted: Int?, found: Int?, within tolerance: Int = 0
  ) -> [Difference] {
    guard !agree(wanted, found, within: tolerance) else { return [] }
    return [
      difference(
        field, rule, .init(number: wanted), .init(number: found), tolerance: tolerance)
    ]
  }

  /// The differences of a total that `value` picks out, whose changes since boot must be equal,
  /// give or take `tolerance`.
  func compareChange(
    _ field: String, by rule: ComparisonRule, within tolerance: Int = 0,
    of value: (Observation) -> Int?
  ) -> [Difference] {
    guard let wanted = value(wanted), let bootWanted = value(bootWanted) else { return [] }
    guard let found = value(found), let bootFound = value(bootFound) else {
      return [difference(field, rule, .number(wanted), .absent, tolerance: tolerance)]
    }
    let change = Difference.Change(wanted: wanted - bootWanted, found: found - bootFound)
    guard !agree(change.wanted, change.found, within: tolerance) else { return [] }
    var difference = difference(
      field, rule, .number(wanted), .number(found), tolerance: tolerance)
    difference.change = change
    return [difference]
  }

  /// A difference in this step.
  func difference(
    _ field: String, _ rule: ComparisonRule, _ wanted: Difference.Value,
    _ found: Difference.Value, tolerance: Int = 0
  ) -> Difference {
    Difference(
      record: record, step: step, field: field, rule: rule, wanted: wanted, found: found,
      change: nil, tolerance: tolerance)
  }

  private func agree(_ wanted: Int?, _ found: Int?, within tolerance: Int) -> Bool {
    guard let wanted, let found else { return wanted == found }
    return abs(wanted - found) <= tolerance
  }
}

extension Difference.Value {
  /// A number, or nothing where there is none.
  init(number: Int?) {
    if let number { self = .number(number) } else { self = .absent }
  }
}
