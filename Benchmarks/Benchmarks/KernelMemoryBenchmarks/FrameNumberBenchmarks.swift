// SPDX-License-Identifier: Apache-2.0

import Benchmark
import KernelMemory

/// Registers what the arithmetic of frame numbers costs: the floor under every walk over frames.
func registerFrameNumberBenchmarks() {
  Benchmark("Frame number: buddy", configuration: .init(scalingFactor: .kilo)) { benchmark in
    let order = PageOrder(holding: 512)
    var pfn = PageFrameNumber(1 << 20)
    for _ in benchmark.scaledIterations {
      pfn = pfn.buddy(at: order)
      blackHole(pfn)
    }
  }
}
