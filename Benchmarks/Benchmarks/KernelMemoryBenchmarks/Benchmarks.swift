// SPDX-License-Identifier: Apache-2.0

import Benchmark

/// The benchmarks of the core, one file per subject; the benchmark plugin looks for this name.
let benchmarks: @Sendable () -> Void = {
  unsafe Benchmark.defaultConfiguration = .init(
    metrics: [.wallClock, .throughput, .peakMemoryResident],
    maxDuration: .seconds(2))

  registerFrameNumberBenchmarks()
  registerTranslationBenchmarks()
  registerAllocatorBenchmarks()
  registerPoolBenchmarks()
  registerBootBenchmarks()
  registerCheckBenchmarks()
}
