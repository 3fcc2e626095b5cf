// SPDX-License-Identifier: Apache-2.0

import Benchmark
import Workloads

/// Registers what it takes to boot a twin, by size; eight nodes each.
func registerBootBenchmarks() {
  for (name, byteCount) in [("16 GiB", 16 << 30), ("256 GiB", 256 << 30), ("4 TiB", 4 << 40)] {
    Benchmark("Boot: \(name)") { _ in
      blackHole(try BenchmarkHost(byteCount: UInt(byteCount), nodeCount: 8).boot())
    }
  }
}
