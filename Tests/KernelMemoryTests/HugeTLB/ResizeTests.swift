// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Resizing a pool` {
  /// The pages of node 0 and node 1 that real kernels had after each request.
  /// P-POOL 6, P-POOL 7, P-POOL 11.
  @Test(arguments: PoolKernel.allCases)
  func `two nodes share as they do in real kernels`(kernel: PoolKernel) throws {
    let host = try PoolHost(memory: 2 << 30, nodes: 2, kernel: kernel)
    let pool = host.pool
    func expect(
      _ near: UInt, _ far: UInt, after wanted: UInt, _ scope: ResizeScope
    ) {
      pool.resize(to: wanted, scope)
      host.check()
      #expect(pool.parts[0].counts == counts(nr: near, free: near))
      #expect(pool.parts[1].counts == counts(nr: far, free: far))
    }
    expect(16, 0, after: 16, .node(0))
    expect(16, 24, after: 24, .node(1))
    expect(28, 36, after: 64, .allNodes)
    expect(12, 21, after: 33, .allNodes)
    host.hugeTLB.optimizer.isEnabled.store(true, ordering: .relaxed)
    expect(59, 69, after: 128, .allNodes)
    expect(59, 200, after: 200, .node(1))
    expect(0, 200, after: 0, .node(0))
    expect(0, 5, after: 5, .node(1))
    expect(0, 0, after: 0, .allNodes)
  }

  /// P-POOL 8.
  @Test(arguments: PoolKernel.allCases)
  func `pages in use stay as surplus`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 10)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 4, manner: .reserve)
    try mapping.touchAll()
    host.pool.resize(to: 1)
    host.check()
    #expect(host.pool.counts == counts(nr: 4, free: 0, surplus: 3))
    mapping.release()
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 1))
  }

  /// P-POOL 9.
  @Test(arguments: PoolKernel.allCases)
  func `what cannot be unfolded stays as surplus, usable`(kernel: PoolKernel) throws {
    let host = try PoolHost(kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 8)
    host.failures.failBasePageAllocations()
    host.pool.resize(to: 3)
    host.check()
    #expect(host.pool.counts == counts(nr: 8, free: 8, surplus: 5))
    let mapping = try HugeMapping(pool: host.pool, pageCount: 8, manner: .reserve)
    try mapping.touchAll()
    host.check()
    // Freed with surplus on their node, they are to go, but cannot.
    mapping.release()
    host.check()
    #expect(host.pool.counts == counts(nr: 8, free: 8, surplus: 5))
    host.failures.stopFailing()
    host.pool.resize(to: 8)
    host.pool.resize(to: 0)
    host.check()
    #expect(host.pool.counts == HugePageCounts())
  }

  @Test func `a node never has more surplus than pages`() throws {
    let host = try PoolHost(memory: 2 << 30, nodes: 2, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: 2, .node(0))
    host.pool.resize(to: 5, .node(1))
    host.failures.failBasePageAllocations()
    host.pool.resize(to: 0, .node(0))
    host.failures.stopFailing()
    host.check()
    #expect(host.pool.parts[0].counts == counts(nr: 2, free: 2, surplus: 2))
    for wanted in (0..<5).reversed() {
      host.pool.resize(to: UInt(wanted))
      host.check()
    }
  }

  @Test func `a request beyond all numbers takes what there is`() throws {
    let host = try PoolHost(memory: 512 << 20, commandLine: "hugetlb_free_vmemmap=on")
    host.pool.resize(to: .max)
    host.check()
    let most = host.pool.counts.pageCount
    #expect(most > 100 && most < 256)
    host.pool.resize(to: .max, .node(0))
    host.check()
    host.pool.resize(to: 0)
    host.check()
    #expect(host.pool.counts == HugePageCounts())
  }
}
