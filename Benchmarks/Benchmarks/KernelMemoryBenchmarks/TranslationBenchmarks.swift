// SPDX-License-Identifier: Apache-2.0

import Benchmark
@_spi(Benchmarking) import KernelMemory
import Workloads

/// Registers one access through the software MMU, each waiting for the one before.
func registerTranslationBenchmarks() {
  let perAccess = Benchmark.Configuration(metrics: [.wallClock, .throughput], scalingFactor: .kilo)
  Benchmark("MMU: load, TLB hit", configuration: perAccess) { benchmark, ring in
    let start = try ring.link(pageCount: 64)
    _ = try ring.host.machine.followChain(from: start, count: 64)
    benchmark.startMeasurement()
    blackHole(
      try ring.host.machine.followChain(from: start, count: benchmark.scaledIterations.count))
  } setup: {
    try bootedRing()
  }

  Benchmark("MMU: walk, 3 levels", configuration: perAccess) { benchmark, ring in
    blackHole(
      try ring.host.machine.walkInTurn(
        through: ring.pages(64), count: benchmark.scaledIterations.count))
  } setup: {
    try bootedRing()
  }

  Benchmark("MMU: walk, 4 levels", configuration: perAccess) { benchmark, ring in
    blackHole(
      try ring.host.machine.walkInTurn(
        through: ring.pages(64), count: benchmark.scaledIterations.count))
  } setup: {
    try splitRing()
  }
}

private func bootedRing() throws -> DescriptorRing {
  guard let ring = try DescriptorRing() else { throw BenchmarkFailure.outOfMemory }
  return ring
}

private func splitRing() throws -> DescriptorRing {
  let ring = try bootedRing()
  ring.splitTables()
  return ring
}

/// Why a benchmark could not be run.
enum BenchmarkFailure: Error {
  /// The simulated host has too little memory.
  case outOfMemory
  /// The simulated host does not keep its laws.
  case unsound
}
