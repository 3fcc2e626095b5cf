// SPDX-License-Identifier: Apache-2.0

import Benchmark
@_spi(Benchmarking) import KernelMemory
import Workloads

/// Registers what a huge page costs when its pool grows and shrinks, folded and not.
///
/// Pages of 2 MiB are measured a thousand at a time, those of 1 GiB one by one; page tables are
/// split already but for the first time.
func registerPoolBenchmarks() {
  for isOptimizing in [false, true] {
    let manner = isOptimizing ? "HVO on" : "HVO off"
    let small = Benchmark.Configuration(scalingFactor: .kilo)
    register("Pool: 2M, \(manner)", small, BenchmarkHost.hugeOrder, isOptimizing: isOptimizing)
    let large = Benchmark.Configuration(scalingFactor: .one)
    register("Pool: 1G, \(manner)", large, BenchmarkHost.giganticOrder, isOptimizing: isOptimizing)
  }
}

private func register(
  _ name: String, _ configuration: Benchmark.Configuration, _ order: PageOrder, isOptimizing: Bool
) {
  let setup = { try BenchmarkHost(byteCount: 16 << 30, isOptimizing: isOptimizing).boot() }
  Benchmark("\(name), grow", configuration: configuration) { benchmark, host in
    let count = UInt(benchmark.scaledIterations.count)
    benchmark.startMeasurement()
    let reached = host.resizePool(of: order, to: count)
    benchmark.stopMeasurement()
    guard reached == count, host.resizePool(of: order, to: 0) == 0 else {
      throw BenchmarkFailure.outOfMemory
    }
  } setup: {
    try setup()
  }

  Benchmark("\(name), shrink", configuration: configuration) { benchmark, host in
    let count = UInt(benchmark.scaledIterations.count)
    let reached = host.resizePool(of: order, to: count)
    benchmark.startMeasurement()
    let left = host.resizePool(of: order, to: 0)
    benchmark.stopMeasurement()
    guard reached == count, left == 0 else { throw BenchmarkFailure.outOfMemory }
  } setup: {
    try setup()
  }
}
