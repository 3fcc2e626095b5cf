// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Workloads

/// Registers what a full check of a 1 GiB twin costs; its throughput is checks per second.
func registerCheckBenchmarks() {
  for load in CheckedHost.Load.allCases {
    Benchmark("Full check of a 1 GiB twin, \(load.rawValue)") { benchmark, host in
      for _ in benchmark.scaledIterations {
        guard host.check() == 0 else { throw BenchmarkFailure.unsound }
      }
    } setup: {
      try CheckedHost(load)
    }
  }
}
