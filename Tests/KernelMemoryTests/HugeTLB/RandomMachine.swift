// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import KernelMemory
import KernelMemoryLab

/// A machine that nobody would design: nodes that take turns, holes, nodes without memory, ends in
/// the middle of a block.
///
/// Prints as source.
struct RandomMachine: CustomStringConvertible {
  /// Memory of one node.
  struct Piece: CustomStringConvertible {
    var node: Int
    var bytes: Range<UInt>

    var description: String { "(\(node), 0x\(hex(bytes.lowerBound))..<0x\(hex(bytes.upperBound)))" }

    private func hex(_ number: UInt) -> String { String(number, radix: 16) }
  }

  let pieces: [Piece]
  let memorylessNodes: [Int]

  var description: String {
    "RandomMachine(pieces: \(pieces), memorylessNodes: \(memorylessNodes))"
  }
}

extension RandomMachine {
  private static var section: UInt { 128 << 20 }

  /// A machine of 0.5 to 1.5 GiB on one to four nodes, some of it above 4 GiB.
  init(using random: inout SplitMix) {
    let nodeCount = Int.random(in: 1...4, using: &random)
    let sectionCount = UInt.random(in: 5...12, using: &random)
    let firstAbove = UInt.random(in: 3...sectionCount, using: &random)
    var pieces: [Piece] = []
    for index in 0..<sectionCount {
      if index > 3, Int.random(in: 0..<8, using: &random) == 0 { continue }
      let start = index < firstAbove ? index * Self.section : 4 << 30 + index * Self.section
      var piece = Piece(
        node: Int.random(in: 0..<nodeCount, using: &random),
        bytes: max(start, 1 << 20)..<start + Self.section)
      if Int.random(in: 0..<4, using: &random) == 0 {
        let lost = UInt.random(in: 1...9000, using: &random) << 12
        piece.bytes = piece.bytes.lowerBound..<piece.bytes.upperBound - lost
      }
      pieces.append(piece)
    }
    self.pieces = pieces
    memorylessNodes = (0...nodeCount).filter { node in !pieces.contains { $0.node == node } }
  }

  /// The machine, booted, with `room` bytes of addresses behind its memory for more.
  func boot(_ kernel: KernelDesign, commandLine: String, room: UInt = 0) throws -> TestHost {
    let ranges = pieces.map { piece in
      PhysicalAddress(piece.bytes.lowerBound)..<PhysicalAddress(piece.bytes.upperBound)
    }
    return try TestHost(
      map: MemoryMap(ranges.map { MemoryMapEntry($0, .usable) }),
      layout: try NodeLayout(
        ranges: zip(pieces, ranges).map { NodeRange(node: NodeID($0.node), range: $1) },
        memorylessNodes: memorylessNodes.map { NodeID($0) }),
      kernel: kernel, cpus: 2, commandLine: commandLine, room: room)
  }
}
