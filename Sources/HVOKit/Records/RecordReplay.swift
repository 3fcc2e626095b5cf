// SPDX-License-Identifier: Apache-2.0

/// Puts a target through a record and tells where it does not do what the kernel did.
///
/// A difference does not end the replay: what follows from it is reported too.
public struct RecordReplay: Sendable {
  public let record: Record

  /// Prepares the replay of `record`.
  public init(_ record: Record) { self.record = record }

  /// Replays the record on `target`, which has just booted the record's machine.
  ///
  /// - Returns: the differences in the order of steps; none if the target is true to the record.
  public func run(on target: inout some RecordTarget) -> [Difference] {
    let boot = target.observe()
    var progress = ReplayProgress(record, bootFound: boot)
    var differences = ComparisonRules.differences(progress.bootComparison)
    for step in record.steps {
      differences += perform(step, on: &target)
      guard let wanted = step.after else { continue }
      let comparison = progress.comparison(of: step, wanted: wanted, found: target.observe())
      differences += ComparisonRules.differences(comparison)
    }
    return differences
  }

  /// Does the actions of `step` and compares the answers.
  private func perform(
    _ step: RecordStep, on target: inout some RecordTarget
  ) -> [Difference] {
    var differences: [Difference] = []
    var requests = PoolRequests(slack: step.poolSlack ?? record.largestSlack)
    for (index, recorded) in step.actions.enumerated() {
      let found = target.perform(recorded.action)
      let isChance = requests.allow(recorded, found)
      guard !isChance,
        let (field, wanted) = ComparisonRules.outcome(wanted: recorded.expectation, found: found)
      else { continue }
      differences.append(
        Difference(
          record: "\(record)", step: step.name, field: "do[\(index)].\(field)", rule: .outcome,
          wanted: wanted, found: found.value, change: nil, tolerance: 0))
    }
    return differences
  }
}

/// What a replay must remember from step to step.
private struct ReplayProgress {
  let record: Record
  let bootFound: Observation
  /// What the record showed as optimised last.
  var optimized: OptimizedPages
  /// The vmemmap pages optimised again in the inexact steps so far.
  var vmemmapPagesOptimizedAgain = 0
  /// The size of pages that the last step with a pool asked for.
  var pageSize: RecordedPageSize
  /// The most vmemmap pages by which slack has let the target differ so far.
  var vmemmapPagesUnderSlack = 0

  init(_ record: Record, bootFound: Observation) {
    (self.record, self.bootFound) = (record, bootFound)
    optimized = OptimizedPages(in: record.boot, of: record.kernel)
    pageSize = record.machine.defaultPageSize
  }

  /// The state after boot, where no total has changed yet.
  var bootComparison: StepComparison {
    comparison("boot", wanted: record.boot, found: bootFound, slack: nil, memTotalIsExact: true)
  }

  /// The state after `step`.
  mutating func comparison(
    of step: RecordStep, wanted: Observation, found: Observation
  ) -> StepComparison {
    let now = OptimizedPages(in: wanted, of: record.kernel)
    if !step.memTotalIsExact {
      vmemmapPagesOptimizedAgain += now.vmemmapPagesGained(since: optimized)
    }
    optimized = now
    pageSize = PoolSlack.pageSize(askedForBy: step.actions, on: record.machine) ?? pageSize
    let slack = step.poolSlack.map { PoolSlack(pageCount: $0, pageSize: pageSize) }
    if let slack { rememberEffect(of: slack, wanted: wanted, found: found) }
    return comparison(
      step.name, wanted: wanted, found: found, slack: slack,
      memTotalIsExact: step.memTotalIsExact)
  }

  private func comparison(
    _ step: String, wanted: Observation, found: Observation, slack: PoolSlack?,
    memTotalIsExact: Bool
  ) -> StepComparison {
    StepComparison(
      record: "\(record)", kernel: record.kernel, step: step, wanted: wanted, found: found,
      bootWanted: record.boot, bootFound: bootFound, slack: slack,
      memTotalIsExact: memTotalIsExact, vmemmapPagesOptimizedAgain: vmemmapPagesOptimizedAgain,
      vmemmapPagesUnderSlack: vmemmapPagesUnderSlack)
  }

  /// Notes the vmemmap pages of the folios that the target optimised more or fewer, as far as
  /// `slack` lets it.
  private mutating func rememberEffect(
    of slack: PoolSlack, wanted: Observation, found: Observation
  ) {
    guard let wanted = wanted.vmemmap, let found = found.vmemmap,
      slack.pageSize.vmemmapPageCount > 1
    else { return }
    let entriesPerPage = slack.pageSize.vmemmapPageCount - 1
    let entries = abs(found.readOnlyEntries - wanted.readOnlyEntries)
    let folios = min(slack.pageCount, (entries + entriesPerPage - 1) / entriesPerPage)
    let vmemmapPages = folios * slack.pageSize.vmemmapPageCount
    vmemmapPagesUnderSlack = max(vmemmapPagesUnderSlack, vmemmapPages)
  }
}
