// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Frames that can be moved` {
  private struct Holding {
    let host: AllocatorHost
    let frames: [PageFrameNumber]
    let holder: UInt

    init(count: Int) throws {
      host = try AllocatorHost()
      let allocator = host.allocator
      frames = try (0..<count).map { _ in
        try #require(allocator.allocateFrame(on: NodeID(0), [.movable]))
      }
      holder = allocator.movable.makeHolder()
      for pfn in frames { movable.hold(pfn..<pfn.advanced(by: 1), by: holder) }
    }

    var movable: MovableFrames { host.allocator.movable }

    /// What the holder has, in order.
    func takeAll() -> [PageFrameNumber] {
      movable.takeAll(of: holder).flatMap { Array($0) }.sorted()
    }
  }

  /// The lowest bit of the mapping word, as a kernel marks anonymous memory: dumps are read by it.
  @Test func `say so as anonymous memory does`() throws {
    let holding = try Holding(count: 1)
    let mapping = holding.host.vmemmap.with(holding.frames[0], for: .load) { $0.mapping }
    #expect(mapping == 1)
    #expect(holding.movable.canMove(holding.frames[0]))
  }

  @Test func `are replaced one by one, whatever lies around them`() throws {
    let holding = try Holding(count: 5)
    let target = try #require(
      holding.host.allocator.allocateFrame(on: NodeID(0), [.movable]))
    for index in [2, 0, 4] {
      #expect(holding.movable.canMove(holding.frames[index]))
    }
    #expect(holding.movable.replace(holding.frames[2], with: target))
    #expect(!holding.movable.canMove(holding.frames[2]) && holding.movable.canMove(target))
    #expect(!holding.movable.replace(holding.frames[2], with: target))
    let left = holding.frames.filter { $0 != holding.frames[2] } + [target]
    #expect(holding.takeAll() == left.sorted())
    #expect(holding.takeAll().isEmpty)
  }

  @Test func `belong to one holder each`() throws {
    let holding = try Holding(count: 3)
    let other = holding.movable.makeHolder()
    #expect(other != holding.holder)
    let pfn = try #require(holding.host.allocator.allocateFrame(on: NodeID(0), [.movable]))
    holding.movable.hold(pfn..<pfn.advanced(by: 1), by: other)
    #expect(holding.takeAll() == holding.frames.sorted())
    #expect(holding.movable.takeAll(of: other) == [pfn..<pfn.advanced(by: 1)])
  }
}
