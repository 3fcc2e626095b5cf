// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Surplus on demand` {
  /// What real kernels showed, whether descriptors are folded or not.
  @Test(arguments: PoolKernel.allCases, ["on", "off"])
  func `a pool of 4 may lend 8 more and takes them back`(
    kernel: PoolKernel, folding: String
  ) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=\(folding)")
    let pool = host.pool
    pool.resize(to: 4)
    try pool.setOvercommitLimit(8)
    #expect(pool.counts == counts(nr: 4, free: 4))

    let ten = try HugeMapping(pool: pool, pageCount: 10, manner: .reserve)
    host.check()
    #expect(pool.counts == counts(nr: 10, free: 10, reserved: 10, surplus: 6))
    try ten.touchAll()
    host.check()
    #expect(pool.counts == counts(nr: 10, free: 0, surplus: 6))

    #expect(throws: MappingError.outOfMemory) {
      try HugeMapping(pool: pool, pageCount: 3, manner: .reserve)
    }
    host.check()
    #expect(pool.counts == counts(nr: 10, free: 0, surplus: 6))

    pool.resize(to: 6)
    host.check()
    #expect(pool.counts == counts(nr: 10, free: 0, surplus: 4))
    pool.resize(to: 2)
    host.check()
    #expect(pool.counts == counts(nr: 10, free: 0, surplus: 8))

    ten.release()
    host.check()
    #expect(pool.counts == counts(nr: 2, free: 2))
  }

  /// A9 in the list of known bugs; kernels before 6.1 have it.
  @Test(arguments: PoolKernel.allCases)
  func `A9: a node gets what it is asked for, whatever another one lends`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(nodes: 2, kernel: kernel)
    let pool = host.pool
    try pool.setOvercommitLimit(8)
    let four = try HugeMapping(pool: pool, pageCount: 4, manner: .reserve)
    try four.touchAll()
    let lender = try #require(pool.parts.firstIndex { $0.counts.surplusPageCount > 0 })
    let lent = pool.parts[lender].counts.surplusPageCount
    pool.resize(to: 3, .node(1 - lender))
    host.check()
    let more = pool.hugeTLB.policy.countsSurplusInNodeRequests ? lent : 0
    #expect(pool.parts[1 - lender].counts.persistentPageCount == 3 + more)
    four.release()
    host.check()
  }

  @Test(arguments: PoolKernel.allCases)
  func `promised pages survive a shrinking pool as surplus`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    let pool = host.pool
    pool.resize(to: 12)
    let promised = try HugeMapping(pool: pool, pageCount: 6, manner: .reserve)
    host.check()
    #expect(pool.counts == counts(nr: 12, free: 12, reserved: 6))
    pool.resize(to: 3)
    host.check()
    #expect(pool.counts == counts(nr: 6, free: 6, reserved: 6, surplus: 3))
    promised.release()
    host.check()
    #expect(pool.counts == counts(nr: 3, free: 3))
  }

  @Test(arguments: PoolKernel.allCases)
  func `a mapping without promises ends in a bus error where the pages end`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(kernel: kernel)
    let pool = host.pool
    try pool.setOvercommitLimit(16)
    let twenty = try HugeMapping(pool: pool, pageCount: 20, manner: .noReserve)
    #expect(throws: FaultError.noSpace) { try twenty.touchAll() }
    host.check()
    #expect(twenty.touchedPageCount == 16)
    #expect(pool.counts == counts(nr: 16, free: 0, surplus: 16))
    twenty.release()
    host.check()
    #expect(pool.counts == HugePageCounts())
  }

  @Test func `promised pages are not for those who were promised none`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 4)
    let promised = try HugeMapping(pool: host.pool, pageCount: 3, manner: .reserve)
    let other = try HugeMapping(pool: host.pool, pageCount: 2, manner: .noReserve)
    #expect(throws: FaultError.noSpace) { try other.touchAll() }
    #expect(other.touchedPageCount == 1)
    try promised.touchAll()
    host.check()
    #expect(host.pool.counts == counts(nr: 4, free: 0))
    promised.release()
    other.release()
    host.check()
    #expect(host.pool.counts == counts(nr: 4, free: 4))
  }

  @Test(arguments: [PoolKernel.linux6_1, .linux6_12])
  func `older kernels refuse a limit for gigantic pages`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel)
    #expect(throws: OvercommitError.giganticPages) { try host.gigantic.setOvercommitLimit(1) }
    #expect(host.gigantic.overcommitLimit == 0)
  }

  @Test func `newer kernels make gigantic surplus pages on demand`() throws {
    let host = try PoolHost(memory: 4 << 30)
    let pool = host.gigantic
    try pool.setOvercommitLimit(1)
    let mapping = try HugeMapping(pool: pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    host.check()
    #expect(pool.counts == counts(nr: 1, free: 0, surplus: 1))
    mapping.release()
    host.check()
    #expect(pool.counts == HugePageCounts())
  }

  @Test(arguments: PoolKernel.allCases)
  func `a gigantic page in use is surplus until it is free`(kernel: PoolKernel) throws {
    let host = try PoolHost(
      memory: 4 << 30, kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    let pool = host.gigantic
    pool.resize(to: 1)
    let mapping = try HugeMapping(pool: pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    pool.resize(to: 0)
    host.check()
    #expect(pool.counts == counts(nr: 1, free: 0, surplus: 1))
    mapping.release()
    host.check()
    #expect(pool.counts == HugePageCounts())
  }

  /// P-POOL 15.
  @Test func `surplus never exceeds its limit, however many ask at once`() throws {
    let host = try PoolHost()
    try host.pool.setOvercommitLimit(3)
    let taken = (0..<5).map { _ in host.pool.allocateSurplusPage() }
    #expect(taken.compactMap { $0 }.count == 3)
    #expect(host.pool.counts == counts(nr: 3, free: 0, surplus: 3))
    for head in taken.compactMap({ $0 }) { host.pool.freePage(head) }
    host.check()
    #expect(host.pool.counts == HugePageCounts())
  }

  @Test(arguments: PoolKernel.allCases)
  func `a promise that fails at any allocation leaves nothing behind`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    try host.pool.setOvercommitLimit(4)
    var failed = 0
    for count in UInt(0)..<64 {
      host.failures.failAllocation(after: count)
      let mapping = try? HugeMapping(pool: host.pool, pageCount: 4, manner: .reserve)
      host.failures.stopFailing()
      if mapping == nil {
        failed += 1
        host.check()
        #expect(host.pool.counts == HugePageCounts())
      }
      mapping?.release()
    }
    host.check()
    #expect(failed > 1)
    #expect(host.pool.counts.freePageCount == host.pool.counts.surplusPageCount)
  }

  @Test func `a promise of more pages than there are numbers is refused`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 1)
    let one = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    #expect(throws: MappingError.outOfMemory) {
      try HugeMapping(pool: host.pool, pageCount: .max, manner: .reserve)
    }
    host.check()
    one.release()
  }
}
