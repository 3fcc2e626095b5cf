// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// What every record of a real kernel obeys, on machines and in situations that nobody recorded.
@Suite struct `Laws of pools on random machines` {
  @Test(arguments: KernelDesign.all, Array(UInt64(1)...6))
  func `hold after every operation`(kernel: KernelDesign, seed: UInt64) throws {
    var random = SplitMix(seed: seed)
    let machine = RandomMachine(using: &random)
    let walk = try PoolLawWalk(on: machine, kernel)
    for _ in 0..<40 { walk.step(using: &random) }
    #expect(walk.broken == [], "seed \(seed), \(kernel.name): \(machine) after \(walk.done)")
    walk.expectSoundness()
  }

  @Test(arguments: KernelDesign.all)
  func `a shrink that failed is made good by the next grow`(kernel: KernelDesign) throws {
    let host = PoolHost(
      try TestHost(nodes: 2, kernel: kernel, commandLine: "hugetlb_free_vmemmap=on"))
    host.pool.resize(to: 64)
    host.failures.failBasePageAllocations()
    host.pool.resize(to: 0)
    host.failures.stopFailing()
    let left = host.pool.counts
    #expect(left.surplusPageCount > 0 && left.surplusPageCount == left.pageCount)

    host.pool.resize(to: left.pageCount)
    #expect(host.pool.counts == counts(nr: left.pageCount, free: left.pageCount))
    host.check()
  }
}

/// A walk of random operations over one machine, with a look at the laws behind each.
private final class PoolLawWalk {
  private(set) var done: [PoolOperation] = []
  private(set) var broken: [String] = []
  private let playground: PoolPlayground
  private let laws: PoolLaws
  private var isAtPeace = true

  init(on machine: RandomMachine, _ kernel: KernelDesign) throws {
    playground = PoolPlayground(
      PoolHost(try machine.boot(kernel, commandLine: "hugetlb_free_vmemmap=on")))
    laws = PoolLaws(of: playground.host.host.subsystem)
  }

  private var subsystem: MemorySubsystem { playground.host.host.subsystem }
  private var pool: HugePagePool { playground.host.pool }

  /// Does what may be done next; a shrink that fails for lack of memory, and then a grow, are more
  /// likely here than chance would have them.
  func step(using random: inout SplitMix) {
    guard broken.isEmpty else { return }
    if Int.random(in: 0..<8, using: &random) == 0 {
      let count = pool.counts.pageCount
      perform(.failBasePages)
      perform(.resize(0, UInt.random(in: 0...count / 2, using: &random), .allNodes))
      perform(.stopFailing)
      perform(.resize(0, count, .allNodes))
    } else {
      perform(
        .random(
          end: subsystem.topology.end.rawValue, nodes: subsystem.topology.nodes.count,
          using: &random))
    }
  }

  private func perform(_ operation: PoolOperation) {
    let before = PoolSight(pool, of: subsystem)
    playground.perform(operation)
    done.append(operation)
    let after = PoolSight(pool, of: subsystem)
    broken += laws.broken(in: after)
    switch operation {
    case .failAllocation, .failBasePages: isAtPeace = false
    case .stopFailing: isAtPeace = true
    case .resize(0, let wanted, .allNodes)
    where isAtPeace && after.counts.surplusPageCount <= before.counts.surplusPageCount:
      broken += laws.broken(byResizeTo: wanted, before, after)
    default: break
    }
  }

  func expectSoundness(sourceLocation: SourceLocation = #_sourceLocation) {
    playground.host.check(sourceLocation: sourceLocation)
    #expect(subsystem.complaints == [], sourceLocation: sourceLocation)
  }
}
