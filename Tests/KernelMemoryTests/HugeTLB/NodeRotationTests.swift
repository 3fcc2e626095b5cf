// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Taking turns` {
  @Test func `a mask holds none but its nodes`() {
    let mask = NodeMask(nodeCount: 3) { $0 != 1 }
    #expect((0...4).map { mask.contains($0) } == [true, false, true, false, false])
    #expect(mask.count == 2)
  }

  @Test func `the next node is looked for in a circle`() {
    let mask = NodeMask(nodeCount: 4) { $0 == 1 || $0 == 3 }
    #expect((0..<4).map { mask.next(after: $0) } == [1, 3, 3, 1])
    #expect(NodeMask(only: 2, nodeCount: 4).next(after: 2) == 2)
    #expect(NodeMask(nodeCount: 0) { _ in true }.next(after: 0) == nil)
  }

  @Test func `an operation on one node leaves the turn there`() {
    var rotation = NodeRotation()
    let all = NodeMask(nodeCount: 3) { _ in true }
    #expect((0..<4).map { _ in rotation.takeTurn(in: all) } == [0, 1, 2, 0])
    #expect(rotation.takeTurn(in: NodeMask(only: 2, nodeCount: 3)) == 2)
    #expect(rotation.cursor == 2)
    #expect(rotation.takeTurn(in: NodeMask(nodeCount: 3) { _ in false }) == nil)
    #expect(rotation.cursor == 2)
  }
}
