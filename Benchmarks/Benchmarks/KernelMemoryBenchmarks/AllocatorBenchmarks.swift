// SPDX-License-Identifier: Apache-2.0

import Benchmark
@_spi(Benchmarking) import KernelMemory
import Workloads

/// Registers what a frame, and a contiguous gigabyte, cost to allocate and free.
func registerAllocatorBenchmarks() {
  Benchmark(
    "Allocator: a frame, allocated and freed", configuration: .init(scalingFactor: .kilo)
  ) { benchmark, host in
    let count = benchmark.scaledIterations.count
    guard host.allocateAndFreeFrames(count) == count else { throw BenchmarkFailure.outOfMemory }
  } setup: {
    try BenchmarkHost(byteCount: 4 << 30).boot()
  }

  Benchmark("Allocator: 1 GiB contiguous, allocated and freed") { benchmark, host in
    guard host.allocateAndFreeContiguous(1, of: BenchmarkHost.giganticOrder) == 1 else {
      throw BenchmarkFailure.outOfMemory
    }
  } setup: {
    try BenchmarkHost(byteCount: 16 << 30).boot()
  }
}
