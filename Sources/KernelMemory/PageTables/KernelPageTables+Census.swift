// SPDX-License-Identifier: Apache-2.0

/// What the page tables map in a range, counted entry by entry.
public struct MappingCensus: Equatable, Sendable {
  /// Huge leaves.
  public var hugeLeafCount: UInt = 0
  /// Leaves of the last level.
  public var entryCount: UInt = 0
  /// Leaves of the last level that cannot be written.
  public var readOnlyEntryCount: UInt = 0
  /// Tables of the last level.
  public var entryTableCount: UInt = 0
  /// How often frames are mapped by leaves of the last level, where that is more than once.
  public var sharedFrames: [SharedFrames] = []

  /// Frames that are mapped equally often.
  public struct SharedFrames: Equatable, Sendable {
    /// How often each of them is mapped.
    public var mappingCount: UInt
    /// How many such frames there are.
    public var frameCount: UInt
  }

  /// Pages mapped beyond the number of frames they are mapped to.
  public var savedPageCount: UInt {
    sharedFrames.reduce(0) { $0 + ($1.mappingCount - 1) * $1.frameCount }
  }
}

extension KernelPageTables {
  /// Counts what is mapped in `range`, as somebody would who found the tables in memory.
  func census(of range: Range<VirtualAddress>) -> MappingCensus {
    census(of: [range])
  }

  /// Counts what is mapped in all of `ranges` together.
  func census(of ranges: [Range<VirtualAddress>]) -> MappingCensus {
    var census = MappingCensus()
    var frames: [UInt] = []
    for range in ranges {
      visitTables(table(at: root), level: format.levelCount - 1, in: range, &census, &frames)
    }
    census.sharedFrames = Self.shares(of: &frames)
    return census
  }

  private func visitTables(
    _ table: EntryTable, level: Int, in range: Range<VirtualAddress>,
    _ census: inout MappingCensus, _ frames: inout [UInt]
  ) {
    if level == 0 { census.entryTableCount += 1 }
    let step: UInt = 1 << format.levels[level].shift
    var address = range.lowerBound
    while address < range.upperBound {
      let entry = table[format.index(of: address, at: level)]
      let next = address.rounded(downToBytes: step).advanced(byBytes: step)
      let end = next > address ? min(next, range.upperBound) : range.upperBound
      switch format.state(of: entry, at: level) {
      case .absent: break
      case .table(let lower):
        visitTables(self.table(at: lower), level: level - 1, in: address..<end, &census, &frames)
      case .leaf(let start):
        count(entry, start, level: level, &census, &frames)
      }
      address = end
    }
  }

  private func count(
    _ entry: PageTableEntry, _ start: PhysicalAddress, level: Int,
    _ census: inout MappingCensus, _ frames: inout [UInt]
  ) {
    guard level == 0 else {
      census.hugeLeafCount += 1
      return
    }
    census.entryCount += 1
    if !format.isWritable(entry) { census.readOnlyEntryCount += 1 }
    frames.append(format.pageSize.frame(containing: start).rawValue)
  }

  /// How often each number occurs, where that is more than once; most often first.
  private static func shares(of frames: inout [UInt]) -> [MappingCensus.SharedFrames] {
    frames.sort()
    var counts: [UInt] = []
    var start = 0
    for index in frames.indices.dropFirst() where frames[index] != frames[start] {
      if index - start > 1 { counts.append(UInt(index - start)) }
      start = index
    }
    if frames.count - start > 1 { counts.append(UInt(frames.count - start)) }
    counts.sort(by: >)
    var shares: [MappingCensus.SharedFrames] = []
    for count in counts {
      if shares.last?.mappingCount == count {
        shares[shares.count - 1].frameCount += 1
      } else {
        shares.append(.init(mappingCount: count, frameCount: 1))
      }
    }
    return shares
  }
}
