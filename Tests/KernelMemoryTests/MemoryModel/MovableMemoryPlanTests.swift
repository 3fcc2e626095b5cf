// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Where movable memory begins` {
  /// Starts in MiB for memory in MiB, 4 MiB blocks, and a highest zone that begins at 4 GiB.
  private func starts(
    _ memory: [(node: Int, Range<UInt>)], nodes: [Int], keeping kernel: UInt
  ) -> [UInt?] {
    let plan = MovableMemoryPlan(
      memory: memory.map { node, range in
        NodeMemory(
          node: NodeID(node),
          frames: PageFrameNumber(range.lowerBound << 8)..<PageFrameNumber(range.upperBound << 8))
      },
      nodeIDs: nodes.map { NodeID($0) }, highestZoneStart: PageFrameNumber(4096 << 8),
      alignment: PageOrder(10))
    return plan.starts(keeping: kernel << 8).map { $0.map { $0.rawValue >> 8 } }
  }

  @Test func `on one node it is what the kernel does not keep`() {
    #expect(starts([(0, 4096..<8192)], nodes: [0], keeping: 1024) == [5120])
  }

  @Test func `it begins at the next multiple of the largest block`() {
    #expect(starts([(0, 4096..<8192)], nodes: [0], keeping: 1021) == [5120])
    #expect(starts([(0, 4096..<8192)], nodes: [0], keeping: 1025) == [5124])
  }

  @Test func `low memory is the kernel's whatever is asked, and counts`() {
    #expect(starts([(0, 0..<8192)], nodes: [0], keeping: 1024) == [4096])
    #expect(starts([(0, 0..<3072), (0, 4096..<8192)], nodes: [0], keeping: 4096) == [5120])
  }

  @Test func `the kernel's share is the same on each node`() {
    let memory = [(node: 0, 4096..<8192 as Range<UInt>), (node: 1, 8192..<12288)]
    #expect(starts(memory, nodes: [0, 1], keeping: 2048) == [5120, 9216])
  }

  @Test func `what a small node cannot keep the others do`() {
    let memory = [(node: 0, 4096..<4352 as Range<UInt>), (node: 1, 8192..<12288)]
    #expect(starts(memory, nodes: [0, 1], keeping: 2048) == [nil, 8192 + 2048 - 256])
  }

  @Test func `a node without memory keeps nothing and has none`() {
    #expect(
      starts([(1, 4096..<8192)], nodes: [0, 1], keeping: 1024) == [nil, 5120])
  }

  @Test func `a kernel that keeps everything leaves no movable memory`() {
    #expect(starts([(0, 4096..<8192)], nodes: [0], keeping: 4096) == [nil])
    #expect(starts([(0, 4096..<8192)], nodes: [0], keeping: 1 << 40) == [nil])
  }

  @Test func `a kernel that keeps nothing leaves all of the highest zone`() {
    #expect(starts([(0, 0..<8192)], nodes: [0], keeping: 0) == [4096])
  }

  @Test func `holes do not count as kept`() {
    let memory = [(node: 0, 4096..<4608 as Range<UInt>), (node: 0, 6144..<8192)]
    #expect(starts(memory, nodes: [0], keeping: 1024) == [6656])
  }
}
