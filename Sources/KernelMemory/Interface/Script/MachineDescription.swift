// SPDX-License-Identifier: Apache-2.0

/// The machine that a script wants to run on.
public struct MachineDescription: Sendable {
  /// The architecture's page tables.
  public var format: PagingFormat = .x86FourLevel
  /// The memory as firmware reports it; nil for ``memoryByteCount`` in the usual places.
  public var memoryMap: MemoryMap?
  /// How much memory there is if there is no map.
  public var memoryByteCount: UInt = 1 << 30
  /// How many nodes share the memory evenly.
  public var nodeCount = 1
  /// Which addresses belong to which node, if they are not shared evenly.
  public var nodeRanges: [NodeRange] = []
  /// Nodes without memory.
  public var memorylessNodes: [NodeID] = []
  /// Addresses for memory that may come later, and the nodes it would belong to; a node that has
  /// nothing else is not there before.
  public var windows: [NodeRange] = []
  /// Bytes of such addresses behind the memory, on the last node.
  public var room: UInt = 0
  /// How many CPUs there are.
  public var cpuCount = 1

  /// A machine with 1 GiB, one node and one x86-64 CPU.
  public init() {}

  /// The most memory that a machine can have.
  ///
  /// - Unit: bytes.
  public static var largestMemory: UInt { 64 << 40 }
  /// The most CPUs that a machine can have.
  public static var mostCPUs: Int { 4096 }
}

extension MachineDescription {
  /// The memory as firmware reports it.
  ///
  /// An x86 machine has the usual gaps: below 1 MiB, and between 3 GiB and 4 GiB.
  public var firmwareMap: MemoryMap {
    if let memoryMap { return memoryMap }
    switch format.regime {
    case .x86FourLevel, .x86FiveLevel: break
    case .arm64, .riscv, .powerRadix: return MemoryMap([Self.usable(0, memoryByteCount)])
    }
    let low: UInt = min(memoryByteCount, 3 << 30)
    var entries = [Self.usable(0, min(low, 0x9_FC00))]
    if low > 0x10_0000 { entries.append(Self.usable(0x10_0000, low)) }
    if memoryByteCount > low {
      entries.append(Self.usable(4 << 30, (4 << 30) + (memoryByteCount - low)))
    }
    return MemoryMap(entries)
  }

  private static func usable(_ start: UInt, _ end: UInt) -> MemoryMapEntry {
    MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(end), .usable)
  }

  /// The bytes from physical zero to the end of the last section with memory, devices' too, or room
  /// for it.
  public var spanByteCount: UInt {
    allWindows.reduce(memorySpan) { max($0, $1.range.upperBound.rawValue) }
  }

  /// All addresses for memory that may come later.
  private var allWindows: [NodeRange] {
    guard room > 0 else { return windows }
    let start = PhysicalAddress(memorySpan)
    let (end, isTooLarge) = memorySpan.addingReportingOverflow(room)
    let last = NodeRange(
      node: nodeRanges.last?.node ?? NodeID(nodeCount - 1),
      range: start..<PhysicalAddress(isTooLarge ? .max : end),
      isHotPluggable: true)
    return windows + [last]
  }

  /// The bytes from physical zero to the end of the last section with memory.
  private var memorySpan: UInt {
    let mask: UInt = (1 << format.sectionShift) - 1
    let (sum, overflow) = firmwareMap.describableEnd.rawValue.addingReportingOverflow(mask)
    return overflow ? .max : sum & ~mask
  }

  /// Which addresses belong to which node: equal shares of usable memory, cut between sections.
  ///
  /// - Throws: ``NodeLayoutError`` for a number of nodes that there cannot be.
  public func nodeLayout() throws(NodeLayoutError) -> NodeLayout {
    let windows = allWindows
    if !nodeRanges.isEmpty || !memorylessNodes.isEmpty {
      return try NodeLayout(ranges: nodeRanges + windows, memorylessNodes: memorylessNodes)
    }
    guard nodeCount > 1 || !windows.isEmpty else { return .single }
    let map = firmwareMap
    var ranges: [NodeRange] = []
    var start = PhysicalAddress(0)
    for node in 0..<nodeCount {
      let end =
        node == nodeCount - 1
        ? max(start, PhysicalAddress(memorySpan)) : max(start, cut(behind: node, in: map))
      ranges.append(NodeRange(node: NodeID(node), range: start..<max(start, end)))
      start = max(start, end)
    }
    return try NodeLayout(ranges: ranges + windows)
  }

  /// The section border at or below the address where the share of `node` ends.
  private func cut(behind node: Int, in map: MemoryMap) -> PhysicalAddress {
    var left = map.usableByteCount / UInt(nodeCount) * UInt(node + 1)
    for range in map.usableRanges {
      guard left > range.byteCount else {
        let end = range.lowerBound.rawValue + left
        return PhysicalAddress(end & ~((1 << format.sectionShift) - 1))
      }
      left -= range.byteCount
    }
    return PhysicalAddress(memorySpan)
  }
}
