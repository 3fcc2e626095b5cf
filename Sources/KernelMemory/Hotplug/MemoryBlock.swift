// SPDX-License-Identifier: Apache-2.0

/// A piece of memory that goes online and offline as a whole.
///
/// - Linux: `struct memory_block`.
struct MemoryBlock: Sendable {
  /// What becomes of the memory.
  enum State: Sendable {
    /// The allocators have it.
    case online
    /// Nobody has it.
    case offline
    /// It is being emptied.
    case goingOffline
  }

  /// The block's number: its first frame in units of blocks.
  let number: UInt
  var state: State
  /// The place in ``MemoryTopology/zones`` of the zone that has all of the block; nil if it is offline,
  /// or if several have it.
  var zoneIndex: Int?
  /// The nodes that have memory in the block, ascending.
  var nodes: [NodeID]
  /// Where the block's descriptors lie if it holds them itself.
  var altmap: Altmap?
  /// The device that the block belongs to.
  var group: MemoryGroupID?
  /// Whether it was there at boot.
  var isEarly = false
  /// Frames that have gone bad, as far as they were found when the block went offline.
  ///
  /// - Unit: base pages.
  var badPageCount: UInt = 0

  /// The frames at the start that hold descriptors.
  ///
  /// - Unit: base pages.
  var selfHostedPageCount: UInt { altmap?.freeCount ?? 0 }
}

/// All blocks, by number.
///
/// Hot-plug changes it while others look.
final class MemoryBlockTable: @unchecked Sendable {
  private let lock = SpinLock(.list)
  private var blocks: [MemoryBlock]

  /// A table of `blocks`, ascending.
  init(_ blocks: [MemoryBlock]) { self.blocks = blocks }

  /// All blocks, ascending.
  var all: [MemoryBlock] { lock.withLock { blocks } }

  /// The block `number`.
  subscript(_ number: UInt) -> MemoryBlock? {
    lock.withLock { index(of: number).map { blocks[$0] } }
  }

  /// The blocks with numbers in `numbers`, ascending.
  func blocks(in numbers: Range<UInt>) -> [MemoryBlock] {
    lock.withLock {
      let first = blocks.partitionPoint { $0.number >= numbers.lowerBound }
      let end = blocks.partitionPoint { $0.number >= numbers.upperBound }
      return Array(blocks[first..<max(first, end)])
    }
  }

  /// Adds a block.
  ///
  /// - Returns: false if there is one of that number; then nothing changed.
  func insert(_ block: MemoryBlock) -> Bool {
    lock.withLock {
      let place = blocks.partitionPoint { $0.number >= block.number }
      if place < blocks.count, blocks[place].number == block.number { return false }
      blocks.insert(block, at: place)
      return true
    }
  }

  /// Changes the block `number`, if there is one.
  func update(_ number: UInt, _ body: (inout MemoryBlock) -> Void) {
    lock.withLock {
      if let index = index(of: number) { body(&blocks[index]) }
    }
  }

  /// Forgets the blocks with numbers in `numbers`.
  func remove(_ numbers: Range<UInt>) {
    lock.withLock { blocks.removeAll { numbers.contains($0.number) } }
  }

  private func index(of number: UInt) -> Int? {
    let place = blocks.partitionPoint { $0.number >= number }
    return place < blocks.count && blocks[place].number == number ? place : nil
  }
}
