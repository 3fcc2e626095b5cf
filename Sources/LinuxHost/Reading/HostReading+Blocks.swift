// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  static let blockFolder = "/sys/devices/system/memory"

  /// Reads the memory blocks (spec 10 section 5), with the links that say whose they are.
  ///
  /// As in `lsmem`, the number of the directory says where a block is, and a block whose state is
  /// missing counts as offline.
  mutating func readMemoryBlocks() -> HostDescription.MemoryBlocks? {
    let folder = Self.blockFolder
    let sizePath = folder + "/block_size_bytes"
    guard let sizeLine = line(sizePath) else {
      noteMissing(sizePath, "memory blocks are not known")
      return nil
    }
    guard let size = HostText.hexadecimal(sizeLine), size >= 1 << 20, size <= 1 << 44,
      size.nonzeroBitCount == 1
    else {
      note(sizePath, "\(HostText.quote(sizeLine)) is no block size; memory blocks ignored")
      return nil
    }
    guard let numbers = files.numbers(after: "memory", in: folder) else {
      noteMissing(folder, "memory blocks are not known")
      return nil
    }
    let limit = HostText.addressLimit / size
    if let number = numbers.last, number >= limit {
      note("\(folder)/memory\(number)", "beyond every physical address; ignored")
    }
    let blocks = numbers.filter { $0 < limit }.map { readMemoryBlock($0) }
    if !blocks.isEmpty { trace(.memoryBlocks, .read, folder) }
    return blocks.isEmpty ? nil : .init(blockBytes: size, blocks: blocks)
  }

  private mutating func readMemoryBlock(_ number: UInt) -> HostDescription.MemoryBlock {
    let folder = "\(Self.blockFolder)/memory\(number)"
    let nodes = files.numbers(after: "node", in: folder)?.filter { $0 < HostText.nodeLimit } ?? []
    for node in nodes { files.sawLink("\(folder)/node\(node)", to: "../../node/node\(node)") }
    let zones = line(folder + "/valid_zones")?.words.compactMap { HostText.identifier($0) } ?? []
    let removable = line(folder + "/removable")
    return .init(
      number: number, state: blockState(folder), validZones: zones.filter { $0 != "none" },
      nodes: nodes.map { Int($0) }, isRemovable: removable.map { $0 == "1" })
  }

  private mutating func blockState(_ folder: String) -> HostDescription.MemoryBlock.State {
    guard let word = line(folder + "/state") else {
      note(Self.blockFolder, "some blocks have no readable state; they count as offline")
      return .offline
    }
    guard let state = HostDescription.MemoryBlock.State(rawValue: word) else {
      note(Self.blockFolder, "some blocks have a state that is none; they count as offline")
      return .offline
    }
    return state
  }
}

extension HostDescription.MemoryBlocks {
  /// The addresses of the blocks that `isWanted` takes.
  func ranges(where isWanted: (HostDescription.MemoryBlock) -> Bool) -> RangeSet<UInt> {
    RangeSet(
      blocks.filter(isWanted).map { block in
        let start = block.number &* blockBytes
        return start..<start &+ blockBytes
      })
  }
}
