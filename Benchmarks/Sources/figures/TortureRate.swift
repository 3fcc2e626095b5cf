// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Workloads

/// What torture costs: random operations in a second with a look at everything after each and without,
/// and a complete sweep of failures.
enum TortureRate {
  /// Measures random walks `rounds` times and a sweep once.
  static func figures(rounds: Int) throws -> [Figure] {
    var checked = Sample()
    var unchecked = Sample()
    for round in 0..<rounds {
      checked.add(try stepsPerSecond(seed: UInt64(round), checksEveryStep: true))
      unchecked.add(try stepsPerSecond(seed: UInt64(round), checksEveryStep: false))
    }
    return [
      rate("random operations in a second, each with a full check", checked, unchecked),
      rate("random operations in a second, a check for each machine", unchecked, unchecked),
      try sweep(),
    ]
  }

  private static func rate(_ name: String, _ sample: Sample, _ base: Sample) -> Figure {
    Figure(
      name: name, value: sample.median.text(),
      ratio: "\((sample.median / base.median).text())x",
      spread: "\(sample.least.text()) .. \(sample.most.text())")
  }

  /// The rate over six machines, the same for the same seed.
  private static func stepsPerSecond(seed: UInt64, checksEveryStep: Bool) throws -> Double {
    var walk = RandomWalk(seed: seed)
    walk.checksEveryStep = checksEveryStep
    var isSound = true
    let time = nanoseconds {
      for number in 0..<UInt64(6) where walk.runMachine(number) != nil { isSound = false }
    }
    guard isSound else { throw FigureError.unsound }
    return Double(walk.stepCount) / time * 1e9
  }

  private static func sweep() throws -> Figure {
    var sweep = MachineSweep(.unified, .x86FourLevel)
    let time = try nanoseconds { () throws in try sweep.run(pairs: .some) }
    guard sweep.findings.isEmpty else { throw FigureError.unsound }
    return Figure(
      name: "sweep of failures: all operations, one kernel and format", value: time.time,
      ratio: "\(sweep.failureCount) failures", spread: "")
  }
}
