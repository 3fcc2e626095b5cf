// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Dissolving huge pages` {
  /// P-POOL 17.
  @Test(arguments: PoolKernel.allCases)
  func `a free page becomes ordinary memory`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 4)
    let head = try #require(host.freePages(of: host.pool).last)
    try host.hugeTLB.dissolveFreePage(containing: head.advanced(by: 300))
    host.check()
    #expect(host.pool.counts == counts(nr: 3, free: 3))
    #expect(host.pool.target == 3)
    #expect(!host.freePages(of: host.pool).contains(head))
    // What is no huge page is left alone.
    try host.hugeTLB.dissolveFreePage(containing: head)
    host.check()
    #expect(host.pool.counts.pageCount == 3)
  }

  /// P-POOL 18.
  @Test(arguments: PoolKernel.allCases)
  func `a page that cannot be unfolded is in its pool as before`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 2)
    host.failures.failBasePageAllocations()
    // Half of the pages are surplus afterwards.
    host.pool.resize(to: 1)
    let before = host.pool.counts
    #expect(before == counts(nr: 2, free: 2, surplus: 1))
    for head in host.freePages(of: host.pool) {
      #expect(throws: DissolveError.outOfMemory) { try host.pool.dissolveFreePage(head) }
      host.check()
      #expect(host.pool.counts == before)
      #expect(host.pool.target == 1)
    }
    host.failures.stopFailing()
    for head in host.freePages(of: host.pool) { try host.pool.dissolveFreePage(head) }
    host.check()
    #expect(host.pool.counts == HugePageCounts())
  }

  @Test func `a kernel that knows of surplus lowers it first`() throws {
    for (kernel, surplus) in [(PoolKernel.linux6_12, UInt(1)), (.linux7_2, 0)] {
      let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
      host.pool.resize(to: 2)
      host.failures.failBasePageAllocations()
      host.pool.resize(to: 1)
      host.failures.stopFailing()
      let head = try #require(host.freePages(of: host.pool).first)
      try host.pool.dissolveFreePage(head)
      host.check()
      #expect(host.pool.counts == counts(nr: 1, free: 1, surplus: surplus))
    }
  }

  @Test func `a page in use stays`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 2)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    #expect(throws: DissolveError.busy) { try host.pool.dissolveFreePage(head) }
    mapping.release()
    host.check()
  }

  @Test func `a page stays while all free ones are promised`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 2)
    try host.pool.reserve(2)
    let head = try #require(host.freePages(of: host.pool).first)
    #expect(throws: DissolveError.busy) { try host.pool.dissolveFreePage(head) }
    host.check()
    host.pool.unreserve(1)
    try host.pool.dissolveFreePage(head)
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 1, reserved: 1))
    host.pool.unreserve(1)
  }

  @Test func `a range takes gigantic pages by any part and stops at a page in use`() throws {
    let host = try PoolHost(
      memory: 4 << 30, commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1")
    host.pool.resize(to: 3)
    let gigantic = try #require(host.freePages(of: host.gigantic).first)
    let start = PageFrameNumber(gigantic.rawValue + 5000)
    try host.hugeTLB.dissolveFreePages(in: FrameRange(start: start, pageCount: 7))
    host.check()
    #expect(host.gigantic.counts == HugePageCounts())

    let heads = host.freePages(of: host.pool).sorted()
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let used = try #require(mapping.folio(at: 0)).head
    let all = FrameRange(start: PageFrameNumber(0), pageCount: heads[2].rawValue + 512)
    #expect(throws: DissolveError.busy) { try host.hugeTLB.dissolveFreePages(in: all) }
    host.check()
    #expect(host.freePages(of: host.pool).allSatisfy { $0 > used })
    mapping.release()
    host.check()
  }

  @Test(arguments: PoolKernel.allCases)
  func `another page takes the place of one that is needed elsewhere`(
    kernel: PoolKernel
  ) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 2)
    let head = try #require(host.freePages(of: host.pool).first)
    try host.pool.replaceFreePage(head)
    host.check()
    #expect(host.pool.counts == counts(nr: 2, free: 2))
    #expect(!host.freePages(of: host.pool).contains(head))

    // Where no page of the pool is, nothing is to be replaced.
    let elsewhere = try #require(
      (0..<511).first { block in
        !host.vmemmap.isHugeTLB(PageFrameNumber(UInt(block) << 9))
      })
    try host.pool.replaceFreePage(PageFrameNumber(UInt(elsewhere) << 9))
    host.check()

    host.failures.failAllocation(after: 0)
    let other = try #require(host.freePages(of: host.pool).first)
    #expect(throws: DissolveError.outOfMemory) { try host.pool.replaceFreePage(other) }
    host.failures.stopFailing()
    host.check()
    #expect(host.freePages(of: host.pool).contains(other))
  }
}
