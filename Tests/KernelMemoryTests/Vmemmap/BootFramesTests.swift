// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Frames that boot takes` {
  private static func mebibytes(_ range: Range<UInt>) -> Range<PhysicalAddress> {
    PhysicalAddress(range.lowerBound << 20)..<PhysicalAddress(range.upperBound << 20)
  }

  /// What boot takes, in MiB, of two nodes with 24 and 40 MiB.
  private func takenMebibytes(_ count: Int, near node: NodeID) throws -> [UInt] {
    var memblock = Memblock(pageSize: .fourKiB)
    memblock.add(Self.mebibytes(0..<24), node: NodeID(0))
    memblock.add(Self.mebibytes(24..<64), node: NodeID(1))
    let frames = BootFrames(memblock: memblock, machine: try HostedMachine(span: 64 << 20))
    return (0..<count).compactMap { _ in
      frames.allocate(byteCount: 4 << 20, near: node).map { $0.rawValue >> 8 }
    }
  }

  @Test func `memory of another node comes before the lowest 16 MiB`() throws {
    #expect(try takenMebibytes(3, near: NodeID(0)) == [20, 16, 60])
  }

  @Test func `the lowest 16 MiB serve when there is nothing else`() throws {
    #expect(
      try takenMebibytes(16, near: NodeID(0))
        == [20, 16, 60, 56, 52, 48, 44, 40, 36, 32, 28, 24, 12, 8, 4])
  }
}
