// SPDX-License-Identifier: Apache-2.0

public import KernelMemory
public import KernelMemoryLab

/// A booted memory subsystem on a small simulated machine, for one test.
public typealias TestHost = LabHost

extension LabHost {
  /// Boots a machine whose nodes share `memory` bytes evenly.
  ///
  /// On x86-64 the map has the usual gap below 1 MiB, and memory above 3 GiB continues at 4 GiB.
  public init(
    memory: UInt = 1 << 30, nodes: Int = 1, kernel: KernelDesign = .linux7_2,
    format: PagingFormat = .x86FourLevel, cpus: Int = 1, commandLine: String = "",
    threading: HostedMachine.Threading = .one, room: UInt = 0,
    blockSize: BlockSizeRule = BlockSizeRule()
  ) throws {
    let map = Self.memoryMap(of: memory, format: format)
    try self.init(
      map: map, layout: Self.layout(of: map, nodes: nodes), kernel: kernel, format: format,
      cpus: cpus, commandLine: commandLine, threading: threading, room: room,
      blockSize: blockSize)
  }

  /// Boots a machine with the given memory, and `room` bytes of addresses behind it for more.
  public init(
    map: MemoryMap, layout: NodeLayout, kernel: KernelDesign = .linux7_2,
    format: PagingFormat = .x86FourLevel, cpus: Int = 1, commandLine: String = "",
    threading: HostedMachine.Threading = .one, room: UInt = 0,
    blockSize: BlockSizeRule = BlockSizeRule()
  ) throws {
    let granule: UInt = 1 << format.sectionShift
    let span = (map.usableEnd.rawValue + granule - 1) / granule * granule + room
    try self.init(
      BootConfiguration(
        kernel: kernel, format: format, memoryMap: map, layout: layout,
        commandLine: Array(commandLine.utf8), blockSize: blockSize),
      span: span, cpuCount: cpus, threading: threading)
  }

  /// The firmware's map of a machine with `memory` bytes.
  public static func memoryMap(of memory: UInt, format: PagingFormat = .x86FourLevel) -> MemoryMap {
    guard format.regime == .x86FourLevel || format.regime == .x86FiveLevel else {
      return MemoryMap([entry(0, memory)])
    }
    let low = min(memory, 3 << 30)
    var entries = [entry(0, 0x9_FC00), entry(0x10_0000, low)]
    if memory > low { entries.append(entry(4 << 30, 4 << 30 + memory - low)) }
    return MemoryMap(entries)
  }

  private static func entry(_ start: UInt, _ end: UInt) -> MemoryMapEntry {
    MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(end), .usable)
  }

  /// Gives each of `nodes` nodes an equal share of the map's memory, in ascending order, cut at
  /// multiples of 128 MiB.
  public static func layout(of map: MemoryMap, nodes: Int) throws -> NodeLayout {
    guard nodes > 1 else { return .single }
    let granule: UInt = 128 << 20
    let share = map.usableByteCount / UInt(nodes)
    var ranges: [NodeRange] = []
    var given: UInt = 0
    for usable in map.usableRanges {
      var start = usable.lowerBound.rawValue
      while start < usable.upperBound.rawValue {
        let node = min(Int(given / share), nodes - 1)
        let left = UInt(node + 1) * share - given
        let cut = max((start + left) / granule * granule, start / granule * granule + granule)
        let isLast = node == nodes - 1
        let end = isLast ? usable.upperBound.rawValue : min(cut, usable.upperBound.rawValue)
        ranges.append(
          NodeRange(node: NodeID(node), range: PhysicalAddress(start)..<PhysicalAddress(end)))
        given += end - start
        start = end
      }
    }
    return try NodeLayout(ranges: ranges)
  }
}
