// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory
import KernelMemoryLab

/// Something that can be asked of a page allocator; prints as source.
enum AllocatorOperation: CustomStringConvertible {
  case allocate(order: Int, node: Int, AllocationOptions)
  case allocateFrame(node: Int, AllocationOptions)
  case allocateContiguous(order: Int, node: Int, AllocationOptions)
  /// Draws frames from a supply one by one, and returns the rest of its run.
  case draw(count: Int, run: UInt, node: Int, AllocationOptions)
  /// Gives something held back as what it was.
  case free(Int)
  /// Gives something held back in blocks of a smaller order.
  case freeInParts(Int, order: Int)
  /// Gives something held back as a run, with everything held that follows it without a gap.
  case freeAsRun(Int)
  case drain
  case useCPU(Int)
  case failAllocation(after: UInt)

  var description: String {
    switch self {
    case .allocate(let order, let node, let options):
      ".allocate(order: \(order), node: \(node), \(options.source))"
    case .allocateFrame(let node, let options):
      ".allocateFrame(node: \(node), \(options.source))"
    case .allocateContiguous(let order, let node, let options):
      ".allocateContiguous(order: \(order), node: \(node), \(options.source))"
    case .draw(let count, let run, let node, let options):
      ".draw(count: \(count), run: \(run), node: \(node), \(options.source))"
    case .free(let index): ".free(\(index))"
    case .freeInParts(let index, let order): ".freeInParts(\(index), order: \(order))"
    case .freeAsRun(let index): ".freeAsRun(\(index))"
    case .drain: ".drain"
    case .useCPU(let cpu): ".useCPU(\(cpu))"
    case .failAllocation(let count): ".failAllocation(after: \(count))"
    }
  }

  /// An operation for a machine with two nodes and two CPUs.
  static func random(using random: inout SplitMix) -> Self {
    let node = Int.random(in: 0...1, using: &random)
    let options = AllocationOptions.random(using: &random)
    let index = Int.random(in: 0..<1000, using: &random)
    switch Int.random(in: 0..<32, using: &random) {
    case 0..<8:
      return .allocate(order: Int.random(in: 0...10, using: &random), node: node, options)
    case 8..<11: return .allocateFrame(node: node, options)
    case 11:
      return .allocateContiguous(
        order: Int.random(in: 11...13, using: &random), node: node, options)
    case 12, 13:
      return .draw(
        count: Int.random(in: 1...300, using: &random),
        run: [1, 7, 64, 512].randomElement(using: &random) ?? 1, node: node, options)
    case 14..<22: return .free(index)
    case 22..<25: return .freeInParts(index, order: Int.random(in: 0...9, using: &random))
    case 25..<28: return .freeAsRun(index)
    case 28: return .drain
    case 29, 30: return .useCPU(Int.random(in: 0...1, using: &random))
    default: return .failAllocation(after: UInt.random(in: 0...30, using: &random))
    }
  }
}

extension AllocationOptions {
  fileprivate static let names: [(Self, String)] = [
    (.movable, ".movable"), (.thisNode, ".thisNode"), (.highPriority, ".highPriority"),
    (.ignoreWatermarks, ".ignoreWatermarks"),
  ]

  fileprivate static func random(using random: inout SplitMix) -> Self {
    var options: Self = []
    if Bool.random(using: &random) { options.insert(.movable) }
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: options.insert(.thisNode)
    case 2: options.insert(.highPriority)
    case 3: options.insert(.ignoreWatermarks)
    default: break
    }
    return options
  }

  fileprivate var source: String {
    "[\(Self.names.filter { contains($0.0) }.map { $0.1 }.joined(separator: ", "))]"
  }
}
