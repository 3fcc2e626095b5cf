// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

/// A kernel remembers, while a pool grows, the nodes where a *hard* try failed, and tries them only
/// *cheaply* from then on, without reclaiming anything. It does not skip them. Nothing is reclaimed
/// here, so both tries are the same one, and all that can be seen is that each turn of a full node is
/// one more attempt that failed (spec 06 sections 3 and 15, predicate 13).
@Suite struct `Growing over nodes of which some are full` {
  private func attempts(_ host: PoolHost) -> (successes: UInt, failures: UInt) {
    (
      host.hugeTLB.buddySuccesses.load(ordering: .relaxed),
      host.hugeTLB.buddyFailures.load(ordering: .relaxed)
    )
  }

  /// P-POOL 13.
  @Test(arguments: KernelDesign.all)
  func `a full node has its turns, and each is an attempt`(kernel: KernelDesign) throws {
    let host = try PoolHost(memory: 1 << 30, nodes: 2, design: kernel)
    host.pool.resize(to: .max, .node(0))
    host.check()
    let full = host.pool.parts[0].counts.pageCount
    let before = attempts(host)

    host.pool.resize(to: full + 10)
    host.check()
    let after = attempts(host)
    #expect(host.pool.parts.map(\.counts.pageCount) == [full, 10])
    #expect(after.successes - before.successes == 10)
    // The turns alternate; whether node 0 or node 1 had the first one is all that is open.
    #expect((9...10).contains(after.failures - before.failures))
  }

  @Test(arguments: KernelDesign.all)
  func `memory that appears on a full node is found at its next turn`(kernel: KernelDesign) throws {
    let host = try PoolHost(memory: 1 << 30, nodes: 2, design: kernel)
    host.pool.resize(to: .max, .node(0))
    let full = host.pool.parts[0].counts.pageCount
    host.pool.resize(to: full + 4)
    #expect(host.pool.parts[1].counts.pageCount == 4)
    host.pool.resize(to: full - 6, .node(0))
    // What CPUs keep does not count as free, and nobody brings it back in need.
    host.pool.allocator.drainCPULists()
    host.check()
    host.pool.resize(to: full + 4)
    host.check()
    #expect(host.pool.parts.map(\.counts.pageCount) == [full - 3, 7])
  }

  /// P-POOL 13.
  @Test(arguments: KernelDesign.all)
  func `when all nodes are full, growing ends after one round`(kernel: KernelDesign) throws {
    let host = try PoolHost(memory: 1 << 30, nodes: 4, design: kernel)
    host.pool.resize(to: .max)
    let before = attempts(host)
    host.pool.resize(to: .max)
    #expect(attempts(host).failures - before.failures == 4)
    #expect(attempts(host).successes == before.successes)
    host.check()
  }
}
