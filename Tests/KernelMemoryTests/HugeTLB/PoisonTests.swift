// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Bad memory in huge pages` {
  private func poisonedFrames(_ host: PoolHost) -> UInt {
    host.hugeTLB.poisonedPageCount.load(ordering: .relaxed)
  }

  @Test(arguments: PoolKernel.allCases, ["on", "off"])
  func `a free page gives all but its bad frame back`(
    kernel: PoolKernel, folding: String
  ) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=\(folding)")
    let before = host.freePageCount
    host.pool.resize(to: 2)
    let head = try #require(host.freePages(of: host.pool).first)
    let bad = head.advanced(by: 333)
    #expect(try host.hugeTLB.poison(bad) == .dissolved)
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 1))
    #expect(poisonedFrames(host) == 1)
    #expect(host.hugeTLB.isPoisoned(bad))
    #expect(!host.hugeTLB.isPoisoned(head))
    #expect(throws: PoisonError.alreadyPoisoned) { try host.hugeTLB.poison(bad) }

    try host.hugeTLB.unpoison(bad)
    host.pool.resize(to: 0)
    host.check()
    #expect(poisonedFrames(host) == 0)
    #expect(!host.hugeTLB.isPoisoned(bad))
    if folding == "off" { #expect(host.freePageCount == before) }
  }

  @Test(arguments: PoolKernel.allCases)
  func `a page in use goes on, and loses each bad frame when it leaves the pool`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 2)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    for offset in [0, 100, 511] {
      #expect(try host.hugeTLB.poison(head.advanced(by: offset)) == .inUse)
    }
    #expect(throws: PoisonError.alreadyPoisoned) {
      try host.hugeTLB.poison(head.advanced(by: 100))
    }
    #expect(host.hugeTLB.isPoisoned(head.advanced(by: 511)))
    #expect(!host.hugeTLB.isPoisoned(head.advanced(by: 510)))
    mapping.release()
    host.check()

    // It is free again, but nobody gets it.
    let all = try HugeMapping(pool: host.pool, pageCount: 2, manner: .noReserve)
    #expect(throws: FaultError.noSpace) { try all.touchAll() }
    #expect(all.folio(at: 0)?.head != head)
    all.release()
    host.check()

    host.pool.resize(to: 0)
    host.check()
    #expect(host.pool.counts == HugePageCounts())
    #expect(poisonedFrames(host) == 3)
    #expect(host.hugeTLB.poisonRecords.isEmpty)
    for offset in [0, 100, 511] {
      #expect(host.hugeTLB.isPoisoned(head.advanced(by: offset)))
      try host.hugeTLB.unpoison(head.advanced(by: offset))
    }
    host.check()
  }

  /// P-POOL 16.
  @Test(arguments: PoolKernel.allCases)
  func `a bad page that cannot be unfolded waits in the pool`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 1)
    let head = try #require(host.freePages(of: host.pool).first)
    // Its record, then the frames for its descriptors.
    host.failures.failAllocation(after: 1)
    #expect(try host.hugeTLB.poison(head.advanced(by: 200)) == .kept)
    host.failures.stopFailing()
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 1))
    #expect(host.hugeTLB.isPoisoned(head.advanced(by: 200)))
    #expect(host.pool.allocatePage(.unreserved) == nil)

    try host.hugeTLB.unpoison(head.advanced(by: 200))
    #expect(!host.hugeTLB.isPoisoned(head.advanced(by: 200)))
    #expect(throws: UnpoisonError.notPoisoned) { try host.hugeTLB.unpoison(head) }
    let again = try #require(host.pool.allocatePage(.unreserved))
    #expect(again == head)
    host.pool.dropReference(to: again)
    host.check()
  }

  @Test func `a page whose record is lost is never given back`() throws {
    let host = try PoolHost(commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 3)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    #expect(try host.hugeTLB.poison(head.advanced(by: 7)) == .inUse)
    host.failures.failAllocation(after: 0)
    #expect(try host.hugeTLB.poison(head.advanced(by: 8)) == .inUse)
    host.failures.stopFailing()
    #expect(host.hugeTLB.poisonRecords.isEmpty)
    #expect(host.hugeTLB.isPoisoned(head.advanced(by: 9)))
    #expect(throws: PoisonError.alreadyPoisoned) { try host.hugeTLB.poison(head) }
    #expect(throws: UnpoisonError.busy) { try host.hugeTLB.unpoison(head) }
    mapping.release()
    host.pool.resize(to: 0)
    host.check()
    #expect(host.pool.counts == HugePageCounts())
    #expect(host.hugeTLB.abandonedPageCount.load(ordering: .relaxed) == 512)
    #expect(throws: PoisonError.alreadyPoisoned) { try host.hugeTLB.poison(head) }
    try host.hugeTLB.dissolveFreePage(containing: head)
    host.check()
  }

  @Test func `a free page whose record is lost leaves the pool for nowhere`() throws {
    let host = try PoolHost(commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 1)
    let head = try #require(host.freePages(of: host.pool).first)
    host.failures.failAllocation(after: 0)
    #expect(try host.hugeTLB.poison(head.advanced(by: 99)) == .kept)
    host.failures.stopFailing()
    host.check()
    #expect(host.pool.counts == HugePageCounts())
    #expect(host.hugeTLB.abandonedPageCount.load(ordering: .relaxed) == 512)
  }

  @Test func `frames of no huge page are refused`() throws {
    let host = try PoolHost()
    #expect(throws: PoisonError.notHugePage) { try host.hugeTLB.poison(PageFrameNumber(5000)) }
    #expect(throws: PoisonError.notHugePage) { try host.hugeTLB.poison(PageFrameNumber(1 << 50)) }
    #expect(throws: UnpoisonError.notPoisoned) {
      try host.hugeTLB.unpoison(PageFrameNumber(5000))
    }
    #expect(throws: UnpoisonError.notPoisoned) { try host.hugeTLB.unpoison(PageFrameNumber(.max)) }
    #expect(!host.hugeTLB.isPoisoned(PageFrameNumber(.max)))
  }

  @Test func `a bad frame in a gigantic page is found in its folded part`() throws {
    for kernel in PoolKernel.allCases {
      let host = try PoolHost(
        memory: 4 << 30, kernel: kernel,
        commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1")
      let head = try #require(host.freePages(of: host.gigantic).first)
      let bad = PageFrameNumber(head.rawValue + 200_000)
      #expect(try host.hugeTLB.poison(bad) == .dissolved)
      host.check()
      #expect(host.gigantic.counts == HugePageCounts())
      #expect(host.hugeTLB.isPoisoned(bad))
      host.gigantic.resize(to: 3)
      host.check()
      #expect(!host.freePages(of: host.gigantic).contains(head))
    }
  }
}
