// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Demotion` {
  /// P-POOL 19.
  @Test(arguments: PoolKernel.allCases, ["on", "off"])
  func `each gigantic page becomes 512 persistent smaller ones`(
    kernel: PoolKernel, folding: String
  ) throws {
    let host = try PoolHost(
      memory: 4 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=\(folding) hugepagesz=1G hugepages=2")
    #expect(host.gigantic.counts == counts(nr: 2, free: 2))
    try host.gigantic.demote(1)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
    #expect(host.pool.counts == counts(nr: 512, free: 512))
    #expect(host.gigantic.target == 1)
    #expect(host.pool.target == 512)

    host.pool.resize(to: 256)
    host.check()
    try host.gigantic.demote(1)
    host.check()
    #expect(host.gigantic.counts == HugePageCounts())
    #expect(host.pool.counts == counts(nr: 768, free: 768))

    try host.gigantic.demote(1)
    host.check()
    host.pool.resize(to: 1000)
    host.check()
    #expect(host.pool.counts == counts(nr: 1000, free: 1000))
    host.pool.resize(to: 0)
    host.check()
    #expect(host.pool.counts == HugePageCounts())
    host.gigantic.resize(to: 1)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
  }

  @Test func `smaller pages are folded like any new ones`() throws {
    let host = try PoolHost(
      memory: 4 << 30, commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1")
    try host.gigantic.demote(1)
    let optimizer = host.host.subsystem.optimizer
    for head in host.freePages(of: host.pool) {
      #expect(optimizer.isOptimized(host.pool.folio(head)))
    }
    host.check()
  }

  /// P-POOL 20.
  @Test(arguments: PoolKernel.allCases)
  func `a page that cannot be unfolded stays what it was`(kernel: PoolKernel) throws {
    let host = try PoolHost(
      memory: 4 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1")
    host.failures.failBasePageAllocations()
    #expect(throws: DemoteError.outOfMemory) { try host.gigantic.demote(1) }
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
    #expect(host.gigantic.target == 1)
    #expect(host.pool.counts == HugePageCounts())

    host.gigantic.resize(to: 0)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1, surplus: 1))
    #expect(throws: DemoteError.outOfMemory) { try host.gigantic.demote(1) }
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1, surplus: 1))

    host.failures.stopFailing()
    try host.gigantic.demote(1)
    host.check()
    #expect(host.gigantic.counts == HugePageCounts())
    #expect(host.pool.counts == counts(nr: 512, free: 512))
  }

  @Test func `what was split before frames ran out stays split`() throws {
    let host = try PoolHost(
      memory: 4 << 30, commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=2")
    // The first page takes 4095 frames and its 512 parts a few; the second one fails.
    host.failures.failAllocation(after: 4095 + 100)
    #expect(throws: DemoteError.outOfMemory) { try host.gigantic.demote(2) }
    host.failures.stopFailing()
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
    #expect(host.pool.counts == counts(nr: 512, free: 512))
  }

  @Test func `promised and bad pages are not split`() throws {
    let host = try PoolHost(memory: 4 << 30, commandLine: "hugepagesz=1G hugepages=2")
    try host.gigantic.reserve(1)
    try host.gigantic.demote(2)
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1, reserved: 1))
    let head = try #require(host.freePages(of: host.gigantic).first)
    // All free pages are promised, so the bad one cannot leave the pool.
    #expect(try host.hugeTLB.poison(head.advanced(by: 5)) == .kept)
    host.gigantic.unreserve(1)
    #expect(throws: DemoteError.busy) { try host.gigantic.demote(1) }
    host.check()
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
  }

  @Test func `a node's pages are split on that node`() throws {
    let host = try PoolHost(memory: 6 << 30, nodes: 2, commandLine: "hugetlb_free_vmemmap=on")
    host.gigantic.resize(to: 1, .node(0))
    host.gigantic.resize(to: 1, .node(1))
    try host.gigantic.demote(1, on: 1)
    host.check()
    #expect(host.gigantic.parts[0].counts == counts(nr: 1, free: 1))
    #expect(host.gigantic.parts[1].counts == HugePageCounts())
    #expect(host.pool.parts[1].counts == counts(nr: 512, free: 512))
    try host.gigantic.demote(1, on: 1)
    #expect(host.gigantic.counts == counts(nr: 1, free: 1))
  }

  @Test func `only an existing smaller size of the usual size or more is accepted`() throws {
    let host = try PoolHost()
    try host.gigantic.setDemotionOrder(2 << 20)
    for size in [UInt(4096), 1 << 30, 0, 3 << 20, .max] {
      #expect(throws: DemotionSizeError()) { try host.gigantic.setDemotionOrder(size) }
    }
    #expect(host.gigantic.demotionOrder == PageOrder(9))
    #expect(throws: DemotionSizeError()) { try host.pool.setDemotionOrder(2 << 20) }
    #expect(host.pool.demotionOrder == nil)
  }
}
