// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@_spi(Lab) @testable import KernelMemory

/// The page of tails that all folded pages of a zone and order map; spec 05 section 3.
@Suite struct `Shared tails` {
  /// P-HVO 21.
  @Test(arguments: NamedKernel.sharing)
  func `are made once for each zone and order`(kernel: NamedKernel) throws {
    let host = try TestHost(memory: 6 << 30, nodes: 2, kernel: kernel.design)
    host.subsystem.isVmemmapOptimizationEnabled = true
    let pools = host.subsystem.hugeTLB.pools
    for round in 0..<2 {
      pools[1].resize(to: 1, .node(0))
      #expect(host.subsystem.sharedTailFrames.count == (round == 0 ? 1 : 4))
      pools[1].resize(to: 1, .node(1))
      #expect(host.subsystem.sharedTailFrames.count == (round == 0 ? 2 : 4))
      pools[0].resize(to: 3, .node(0))
      pools[0].resize(to: 3, .node(1))
      #expect(host.subsystem.sharedTailFrames.count == 4)
      #expect(Set(host.subsystem.sharedTailFrames).count == 4)
      pools[0].resize(to: 0)
      pools[1].resize(to: 0)
      #expect(host.complaints == [])
    }
    #expect(host.subsystem.sharedTailFrames.count == 4, "they stay for ever")
  }

  @Test func `are not made by kernels that know none`() throws {
    for kernel in NamedKernel.all where kernel.design.vmemmap.tailTarget != .sharedPage {
      let folding = try FoldingHost(kernel, pages: 2)
      folding.optimize(folding.heads)
      #expect(folding.subsystem.sharedTailFrames == [])
    }
  }

  @Test(arguments: NamedKernel.sharing)
  func `hold 64 tails that never change and are in no counter`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 4)
    let counted = folding.digest()["vmemmap"]
    try folding.optimize(folding.head)
    let tail = try #require(folding.sharedTail(of: folding.head))
    let words = folding.contents(of: tail)
    let one = try folding.tailWords(of: folding.head)
    #expect(words == Array(repeatElement(one, count: 64).joined()))
    #expect(one[1] == 0xffff_ffff_ffff_8001)
    for _ in 0..<3 {
      folding.optimize(folding.heads)
      _ = folding.restore(folding.heads)
      #expect(folding.contents(of: tail) == words)
    }
    #expect(folding.digest()["vmemmap"] == counted)
    #expect(folding.vmemmap.references(to: tail) == 1)
  }

  @Test(arguments: NamedKernel.sharing)
  func `say the order of a gigantic page, too`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, order: PageOrder(18), memory: 3 << 30)
    try folding.optimize(folding.head)
    let tail = try #require(folding.sharedTail(of: folding.head))
    #expect(folding.contents(of: tail)[1] == 0xffff_ffff_ff00_0001)
  }

  /// Two processors may make one at the same time; the slower frees its own.
  @Test(arguments: NamedKernel.sharing)
  func `published twice, the first stays and the second is freed`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel)
    let allocator = folding.subsystem.allocator
    let zone = try #require(folding.subsystem.topology.zone(of: folding.head))
    let tails = folding.optimizer.tails
    let first = try #require(allocator.allocateFrame(on: zone.node))
    #expect(tails.publish(first, for: zone, folding.pool.order) == first)
    let free = folding.digest()["free"]
    let second = try #require(allocator.allocateFrame(on: zone.node))
    #expect(tails.publish(second, for: zone, folding.pool.order) == first)
    #expect(folding.digest()["free"] == free)
    #expect(tails.page(for: zone, folding.pool.order) == first)
    #expect(folding.host.complaints == [])
  }

  @Test(arguments: NamedKernel.sharing)
  func `no head page is one`(kernel: NamedKernel) throws {
    let folding = try FoldingHost(kernel, pages: 40)
    folding.optimize(folding.heads)
    let heads = try folding.heads.map { try folding.frames(of: $0)[0] }
    #expect(Set(heads).count == 40)
    #expect(Set(heads).isDisjoint(with: folding.subsystem.sharedTailFrames))
  }
}
