// SPDX-License-Identifier: Apache-2.0

@testable import KernelMemory

/// Something that happens to memory that comes and goes, as a value; prints as source.
///
/// Blocks are named by their place: among those that there are, or in the room for more.
enum BlockOperation: CustomStringConvertible {
  case add(UInt, count: UInt, node: Int, AddOptions)
  case remove(UInt, count: UInt)
  case online(Int, OnlineType)
  case offline(Int)
  case choose(OnlinePolicy)

  var description: String {
    switch self {
    case .add(let place, let count, let node, let options):
      ".add(\(place), count: \(count), node: \(node), AddOptions(rawValue: \(options.rawValue)))"
    case .remove(let place, let count): ".remove(\(place), count: \(count))"
    case .online(let index, let type): ".online(\(index), .\(type))"
    case .offline(let index): ".offline(\(index))"
    case .choose(let policy): ".choose(.\(policy))"
    }
  }

  /// An operation on a machine with `nodes` nodes and room for `room` blocks.
  static func random(nodes: Int, room: UInt, using random: inout SplitMix) -> Self {
    let types: [OnlineType] = [.online, .onlineKernel, .onlineMovable]
    switch Int.random(in: 0..<16, using: &random) {
    case 0..<4:
      return .add(
        UInt.random(in: 0..<room, using: &random), count: UInt.random(in: 1...3, using: &random),
        node: Int.random(in: 0..<nodes, using: &random),
        Bool.random(using: &random) ? [.memmapOnMemory] : [])
    case 4..<6:
      return .remove(
        UInt.random(in: 0..<room, using: &random), count: UInt.random(in: 1...3, using: &random))
    case 6..<11:
      return .online(
        Int.random(in: 0..<24, using: &random), types.randomElement(using: &random) ?? .online)
    case 11..<15: return .offline(Int.random(in: 0..<24, using: &random))
    default: return .choose(Bool.random(using: &random) ? .autoMovable : .contiguousZones)
    }
  }
}

/// A machine whose memory comes and goes.
struct BlockPlayground {
  let subsystem: MemorySubsystem
  /// The number of the first block that can be added.
  let first: UInt

  init(_ subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    let blockPages = subsystem.hotplug.blockOrder.pageCount
    first = (subsystem.topology.end.rawValue + blockPages - 1) / blockPages
  }

  /// Does it; a refusal is as good as any other answer.
  func perform(_ operation: BlockOperation) {
    let hotplug = subsystem.hotplug
    switch operation {
    case .add(let place, let count, let node, let options):
      let id = subsystem.topology.nodes[node].id
      try? hotplug.add(range(place, count), to: id, options)
    case .remove(let place, let count): try? hotplug.remove(range(place, count))
    case .online(let index, let type):
      if let number = block(index) { try? hotplug.online(number, as: type) }
    case .offline(let index): if let number = block(index) { try? hotplug.offline(number) }
    case .choose(let policy): hotplug.settings.policy = policy
    }
  }

  private func block(_ index: Int) -> UInt? {
    let blocks = subsystem.hotplug.blocks.all
    return index < blocks.count ? blocks[blocks.count - 1 - index].number : nil
  }

  private func range(_ place: UInt, _ count: UInt) -> Range<PhysicalAddress> {
    let size = subsystem.hotplug.blockOrder.pageCount << subsystem.format.pageSize.shift
    let start = (first + place) * size
    return PhysicalAddress(start)..<PhysicalAddress(start + count * size)
  }
}
