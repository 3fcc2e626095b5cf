// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Pools with many users` {
  @Test(arguments: PoolKernel.allCases)
  func `processors that map, resize and dissolve at once leave sound pools`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(
      memory: 4 << 30, kernel: kernel, cpus: 4, commandLine: "hugetlb_free_vmemmap=on",
      threading: .many)
    let pool = host.pool
    try pool.setOvercommitLimit(50)
    let work: [@Sendable (Int) -> Void] = [
      { round in pool.resize(to: UInt(round * 37 % 300)) },
      { round in
        guard
          let mapping = try? HugeMapping(
            pool: pool, pageCount: UInt(round % 40), manner: .reserve)
        else { return }
        try? mapping.touchAll()
        mapping.release()
      },
      { round in
        guard
          let mapping = try? HugeMapping(pool: pool, pageCount: 30, manner: .noReserve)
        else { return }
        try? mapping.touchAll()
        mapping.release()
      },
      { round in
        let start = PageFrameNumber(UInt(round % 100) << 12)
        try? pool.hugeTLB.dissolveFreePages(in: FrameRange(start: start, pageCount: 1 << 12))
        if round % 10 == 0 {
          pool.hugeTLB.pools[1].resize(to: 1)
          try? pool.hugeTLB.pools[1].demote(1)
        }
      },
    ]
    withThreads(on: host.host.machine, cpus: 0..<work.count) { cpu in
      for round in 0..<30 { work[cpu.index](round) }
    }
    pool.releaseDeferredPages()
    host.check()
    pool.resize(to: 0)
    host.gigantic.resize(to: 0)
    host.check()
    #expect(pool.counts == HugePageCounts())
  }
}
