// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// Something done to a boot allocator and to the model of it. Units are blocks of 4 KiB.
private enum Operation: CustomStringConvertible {
  case add(Range<UInt>, node: Int)
  case remove(Range<UInt>)
  case reserve(Range<UInt>)
  case free(Range<UInt>)
  case setNode(Range<UInt>, node: Int)
  case mark(Range<UInt>)
  case clear(Range<UInt>)
  case allocate(count: UInt, alignment: UInt, node: Int?, exact: Bool, bounds: Range<UInt>)

  var description: String {
    switch self {
    case .add(let range, let node): ".add(\(range), node: \(node))"
    case .remove(let range): ".remove(\(range))"
    case .reserve(let range): ".reserve(\(range))"
    case .free(let range): ".free(\(range))"
    case .setNode(let range, let node): ".setNode(\(range), node: \(node))"
    case .mark(let range): ".mark(\(range))"
    case .clear(let range): ".clear(\(range))"
    case .allocate(let count, let alignment, let node, let exact, let bounds):
      """
      .allocate(count: \(count), alignment: \(alignment), node: \(node.map(String.init) ?? "nil"), \
      exact: \(exact), bounds: \(bounds))
      """
    }
  }
}

/// A boot allocator with one record per block: slow and obvious.
private struct Model {
  static let blockCount: UInt = 96

  struct Block: Equatable {
    var node: Int?
    var isNoMap = false
    var isReserved = false
  }

  var blocks = [Block](repeating: Block(), count: Int(blockCount))
  let isTopDown: Bool

  func isSameRegion(_ a: Int, _ b: Int) -> Bool {
    blocks[a].node == blocks[b].node && blocks[a].isNoMap == blocks[b].isNoMap
  }

  func isFree(_ start: UInt, _ count: UInt, node: Int?) -> Bool {
    guard start + count <= Self.blockCount else { return false }
    for index in Int(start)..<Int(start + count) {
      let block = blocks[index]
      guard let owner = block.node, !block.isNoMap, !block.isReserved else { return false }
      if let node, owner != node { return false }
      if !isSameRegion(index, Int(start)) { return false }
    }
    return true
  }

  func find(_ count: UInt, _ alignment: UInt, _ node: Int?, _ bounds: Range<UInt>) -> UInt? {
    let candidates = (0..<Self.blockCount).filter { start in
      start % alignment == 0 && start >= max(1, bounds.lowerBound)
        && start + count <= bounds.upperBound && isFree(start, count, node: node)
    }
    return isTopDown ? candidates.last : candidates.first
  }

  func choose(
    _ count: UInt, _ alignment: UInt, _ node: Int?, exact: Bool, _ bounds: Range<UInt>
  ) -> UInt? {
    for lower in [bounds.lowerBound, 0] {
      let bounds = lower..<bounds.upperBound
      if let found = find(count, alignment, node, bounds) { return found }
      if !exact, let found = find(count, alignment, nil, bounds) { return found }
    }
    return nil
  }
}

/// An allocator and its model, side by side.
private struct Pair {
  var memblock = Memblock(pageSize: .fourKiB)
  var model: Model

  init(isTopDown: Bool) {
    model = Model(isTopDown: isTopDown)
    memblock.direction = isTopDown ? .topDown : .bottomUp(from: PhysicalAddress(0))
  }

  private func bytes(_ range: Range<UInt>) -> Range<PhysicalAddress> {
    PhysicalAddress(range.lowerBound << 12)..<PhysicalAddress(range.upperBound << 12)
  }

  private mutating func each(_ range: Range<UInt>, _ change: (inout Model.Block) -> Void) {
    for index in range { change(&model.blocks[Int(index)]) }
  }

  /// Does `operation` to both and tells whether they answered alike.
  mutating func apply(_ operation: Operation) -> Bool {
    switch operation {
    case .add(let range, let node):
      memblock.add(bytes(range), node: NodeID(node))
      each(range) { $0.node = $0.node ?? node }
    case .remove(let range):
      memblock.remove(bytes(range))
      each(range) {
        $0.node = nil; $0.isNoMap = false
      }
    case .reserve(let range):
      memblock.reserve(bytes(range))
      each(range) { $0.isReserved = true }
    case .free(let range):
      memblock.free(bytes(range))
      each(range) { $0.isReserved = false }
    case .setNode(let range, let node):
      memblock.setNode(NodeID(node), of: bytes(range))
      each(range) { if $0.node != nil { $0.node = node } }
    case .mark(let range):
      memblock.mark(.noMap, bytes(range))
      each(range) { if $0.node != nil { $0.isNoMap = true } }
    case .clear(let range):
      memblock.clear(.noMap, bytes(range))
      each(range) { $0.isNoMap = false }
    case .allocate(let count, let alignment, let node, let exact, let bounds):
      return allocate(count, alignment, node, exact, bounds)
    }
    return true
  }

  private mutating func allocate(
    _ count: UInt, _ alignment: UInt, _ node: Int?, _ exact: Bool, _ bounds: Range<UInt>
  ) -> Bool {
    let placement = node.map {
      exact ? MemblockRequest.Placement.exactly(NodeID($0)) : .preferred(NodeID($0))
    }
    let request = MemblockRequest(
      byteCount: count << 12, alignment: alignment << 12, bounds: bytes(bounds),
      placement: placement ?? .anywhere)
    let range = try? memblock.allocate(request)
    let expected = model.choose(count, alignment, node, exact: exact || node == nil, bounds)
    if let expected { each(expected..<expected + count) { $0.isReserved = true } }
    return range.map { $0.lowerBound.rawValue >> 12 } == expected
  }

  /// Compares every block, and the allocator with itself.
  func differences() -> [String] {
    var result = memblock.checkInvariants().map { "\($0)" }
    for index in 0..<Int(Model.blockCount) {
      let address = PhysicalAddress(UInt(index) << 12)
      let region = memblock.memory.region(containing: address)
      let block = Model.Block(
        node: region?.node?.index, isNoMap: region?.flags.contains(.noMap) ?? false,
        isReserved: memblock.reserved.region(containing: address) != nil)
      if block != model.blocks[index] { result.append("block \(index): \(block)") }
    }
    let free = model.blocks.count { $0.node != nil && !$0.isNoMap && !$0.isReserved }
    if memblock.freeByteCount() != UInt(free) << 12 { result.append("free: not \(free)") }
    return result
  }
}

@Suite struct `Boot allocator against a model` {
  private func randomRange(_ random: inout BootRandom) -> Range<UInt> {
    let start = random.below(Model.blockCount)
    return start..<start + random.below(min(24, Model.blockCount - start) + 1)
  }

  private func randomOperation(_ random: inout BootRandom) -> Operation {
    let range = randomRange(&random)
    let node = Int(random.below(2))
    switch random.below(12) {
    case 0, 1: return .add(range, node: node)
    case 2: return .remove(range)
    case 3: return .reserve(range)
    case 4, 5: return .free(range)
    case 6: return .setNode(range, node: node)
    case 7: return .mark(range)
    case 8: return .clear(range)
    default:
      return .allocate(
        count: 1 + random.below(6), alignment: 1 << random.below(4),
        node: random.below(2) == 0 ? nil : node, exact: random.below(2) == 0,
        bounds: random.below(2) == 0 ? 0..<Model.blockCount : range)
    }
  }

  /// P-PHYS 1, P-PHYS 2.
  @Test(arguments: Array(UInt64(1)...40), [true, false])
  func `random operations do what one record per block says`(seed: UInt64, isTopDown: Bool) {
    var random = BootRandom(seed: seed)
    var pair = Pair(isTopDown: isTopDown)
    var history: [Operation] = [.add(1..<Model.blockCount, node: 0)]
    _ = pair.apply(history[0])
    for _ in 0..<150 {
      let operation = randomOperation(&random)
      history.append(operation)
      let isAlike = pair.apply(operation)
      let differences = pair.differences()
      guard isAlike, differences.isEmpty else {
        let listing = history.map(\.description).joined(separator: ",\n")
        Issue.record("seed \(seed), top down \(isTopDown): \(differences)\n[\(listing)]")
        return
      }
    }
  }
}
