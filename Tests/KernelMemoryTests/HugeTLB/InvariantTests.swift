// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Rules of a pool` {
  /// Breaks something, expects exactly these kinds of violation, and mends it again.
  private func expect(
    _ kinds: [PoolViolation.Kind], in host: PoolHost, after breaking: (HugePagePool) -> Void,
    mending: (HugePagePool) -> Void
  ) {
    breaking(host.pool)
    #expect(host.hugeTLB.violations().map { $0.kind } == kinds)
    mending(host.pool)
    host.check()
  }

  @Test func `each broken rule is found`() throws {
    let host = try PoolHost(commandLine: "hugetlb_free_vmemmap=off")
    host.pool.resize(to: 3)
    let head = try #require(host.freePages(of: host.pool).first)
    let vmemmap = host.vmemmap
    expect([.nodeSum], in: host) {
      $0.counts.surplusPageCount = 1; $0.target = 2
    } mending: {
      $0.counts.surplusPageCount = 0
      $0.target = 3
    }
    expect([.reservation], in: host) {
      $0.counts.reservedPageCount = 4
    } mending: {
      $0.counts.reservedPageCount = 0
    }
    expect([.target], in: host) {
      $0.target = 7
    } mending: {
      $0.target = 3
    }
    expect([.temporaryOnFreeList], in: host) { _ in
      vmemmap.insertHugePageMarks(.temporary, at: head)
    } mending: { _ in
      vmemmap.removeHugePageMarks(.temporary, at: head)
    }
    expect([.freeListPage, .uncountedPage, .pageCount], in: host) { _ in
      vmemmap.removeHugePageMarks(.freed, at: head)
    } mending: { _ in
      vmemmap.insertHugePageMarks(.freed, at: head)
    }
    expect([.poisonRecord], in: host) {
      $0.hugeTLB.poisonRecords = [head]
    } mending: {
      $0.hugeTLB.poisonRecords = []
    }
    expect([.excess, .excess, .freeListLength], in: host) {
      $0.counts.freePageCount = 4
      $0.parts[0].counts.freePageCount = 4
    } mending: {
      $0.counts.freePageCount = 3
      $0.parts[0].counts.freePageCount = 3
    }
  }

  @Test func `a violation names its rule and both numbers`() throws {
    let host = try PoolHost()
    host.pool.target = 5
    let violation = try #require(host.hugeTLB.violations().first)
    #expect(violation.kind == .target)
    #expect(violation.order == PageOrder(9))
    #expect(violation.wanted == 0)
    #expect(violation.found == 5)
    host.pool.target = 0
  }
}
