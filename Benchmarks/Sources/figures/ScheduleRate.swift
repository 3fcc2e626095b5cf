// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Workloads

/// How many schedules of operations on pools are tried in a second: each boots a machine, runs two
/// operations on it, and checks all of it.
enum ScheduleRate {
  /// Measures `rounds` times.
  static func figures(rounds: Int) throws -> [Figure] {
    let exploration = ScheduleExploration(
      groups: [[.grow, .fault], [.shrink, .read], [.restore, .poison]], maximumPreemptions: 1)
    var rates = Sample()
    var steps = 0
    for _ in 0..<rounds {
      var report = ScheduleReport()
      let time = try nanoseconds { () throws in report = try exploration.run() }
      guard report.failures.isEmpty else { throw FigureError.unsound }
      rates.add(Double(report.scheduleCount) / time * 1e9)
      steps = report.stepCount / report.scheduleCount
    }
    return [
      Figure(
        name: "interleavings: schedules in a second", value: rates.median.text(),
        ratio: "\(steps) steps each",
        spread: "\(rates.least.text()) .. \(rates.most.text())")
    ]
  }
}
