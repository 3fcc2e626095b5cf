// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Everything that may happen to huge pages, at once, in every design: four processors, each with a
/// task of its own and a TLB of its own.
@Suite struct `Pools under traffic` {
  static let kernels = ["5.14", "6.1", "6.12", "7.2", "unified"]

  /// Two nodes, each with room for a page of 1 GiB.
  private func host(_ kernel: String) throws -> TestHost {
    let design = try #require(KernelDesign.named(Array(kernel.utf8)[...]))
    return try TestHost(
      memory: 5 << 30, nodes: 2, kernel: design, cpus: 4,
      commandLine: "hugetlb_free_vmemmap=on", threading: .many)
  }

  @Test(arguments: kernels)
  func `pages that grow, shrink, split and are mapped leave every reader with right tails`(
    kernel: String
  ) throws {
    let host = try host(kernel)
    let (small, large) = try pools(of: host)
    try small.setOvercommitLimit(64)
    let isDone = Flag()
    let surprises = Tally()
    let sweeps = Tally()
    withThreads(on: host.machine, cpus: 0..<4) { cpu in
      switch cpu.index {
      case 0:
        for round in 0..<16 { small.resize(to: UInt((round * 37) % 160), .node(round % 2)) }
      case 1:
        for round in 0..<4 {
          large.resize(to: UInt(1 + round % 2))
          try? large.demote(1)
          large.resize(to: 0)
        }
      case 2:
        for round in 0..<16 { Self.useMapping(of: small, pageCount: UInt(1 + round * 7 % 40)) }
      default:
        let reader = DescriptorReader(subsystem: host.subsystem)
        while !isDone.isSet {
          surprises.add(reader.sweep().count)
          sweeps.add(1)
        }
      }
      if cpu.index == 0 { isDone.set() }
    }
    small.releaseDeferredPages()
    #expect(surprises.total == 0)
    #expect(sweeps.total > 0)
    #expect(host.complaints == [])
    small.resize(to: 0)
    large.resize(to: 0)
    #expect(host.complaints == [])
    #expect(small.counts == HugePageCounts())
    #expect(large.counts == HugePageCounts())
  }

  @Test(arguments: kernels)
  func `memory that goes bad while pages come and go is in no pool afterwards`(
    kernel: String
  ) throws {
    let host = try host(kernel)
    let (small, _) = try pools(of: host)
    let hugeTLB = host.subsystem.hugeTLB
    try small.setOvercommitLimit(64)
    let first = try #require(host.subsystem.topology.nodes.first?.memory.last?.lowerBound)
    let surprises = Tally()
    let strikes = Tally()
    withThreads(on: host.machine, cpus: 0..<4) { cpu in
      switch cpu.index {
      case 0:
        for round in 0..<16 { small.resize(to: UInt(40 + (round * 53) % 120)) }
      case 1:
        for round in 0..<16 { Self.useMapping(of: small, pageCount: UInt(1 + round * 5 % 30)) }
      case 2:
        for round in 0..<12 {
          if Self.strikeMapping(of: small, at: round * 45) { strikes.add(1) }
          let somewhere = first.advanced(by: round * 4_099)
          if (try? hugeTLB.poison(somewhere)) != nil { strikes.add(1) }
        }
      default:
        let reader = DescriptorReader(subsystem: host.subsystem)
        for _ in 0..<6 { surprises.add(reader.sweep().count) }
      }
    }
    small.releaseDeferredPages()
    #expect(surprises.total == 0)
    #expect(host.complaints == [])
    small.resize(to: 0)
    #expect(host.complaints == [])
    #expect(strikes.total >= 12)
    #expect(hugeTLB.poisonedPageCount.load(ordering: .relaxed) == strikes.total)
  }

  private func pools(of host: TestHost) throws -> (small: HugePagePool, large: HugePagePool) {
    let hugeTLB = host.subsystem.hugeTLB
    return (
      try #require(hugeTLB.pool(for: PageOrder(9))), try #require(hugeTLB.pool(for: PageOrder(18)))
    )
  }

  /// Promises itself pages, uses as many as there are, and lets go of them.
  private static func useMapping(of pool: HugePagePool, pageCount: UInt) {
    guard let mapping = try? HugeMapping(pool: pool, pageCount: pageCount, manner: .reserve) else {
      return
    }
    try? mapping.touchAll()
    mapping.release()
  }
  /// Finds that the memory at `offset` in a page of its own is bad, and lets go of the page.
  private static func strikeMapping(of pool: HugePagePool, at offset: Int) -> Bool {
    guard let mapping = try? HugeMapping(pool: pool, pageCount: 1, manner: .reserve) else {
      return false
    }
    defer { mapping.release() }
    guard (try? mapping.touchAll()) != nil, let folio = mapping.folio(at: 0) else { return false }
    return (try? pool.hugeTLB.poison(folio.head.advanced(by: offset))) != nil
  }
}
