// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension TwinSpecification {
  /// The machine that `record` was taken on, with the design of its kernel.
  ///
  /// - Throws: ``InputError`` if there is no such machine.
  public init(_ record: Record) throws(InputError) {
    let machine = record.machine
    guard machine.architecture == "x86_64" else {
      throw InputError("\(record): records of \(machine.architecture) cannot be replayed")
    }
    self.init(
      configuration: BootConfiguration(
        kernel: record.kernel.design, format: .x86FourLevel,
        memoryMap: try Self.memoryMap(record), layout: try Self.layout(record),
        commandLine: Array(machine.commandLine.utf8), blockSize: BlockSizeRule(hasHypervisor: true)),
      cpuCount: min(machine.cpuCount, 4096))
  }

  private static func memoryMap(_ record: Record) throws(InputError) -> MemoryMap {
    var entries: [MemoryMapEntry] = []
    for range in record.machine.memoryMap {
      guard let kind = MemoryKind(named: Array(range.type.utf8)[...]) else {
        throw InputError(
          "\(record): machine.memory_map: no kind of memory is called "
            + InputError.quote(range.type))
      }
      entries.append(MemoryMapEntry(Self.addresses(range.addresses), kind))
    }
    entries += persistentMemory(record)
    return MemoryMap(entries)
  }

  /// Memory of nodes that the firmware's map does not know: modules of persistent memory.
  private static func persistentMemory(_ record: Record) -> [MemoryMapEntry] {
    let known = record.machine.memoryMap.map(\.addresses)
    return record.machine.nodeRanges.filter { range in
      !range.isHotplugWindow && !known.contains { $0.overlaps(range.addresses) }
    }.map { MemoryMapEntry(addresses($0.addresses), .persistent) }
  }

  private static func layout(_ record: Record) throws(InputError) -> NodeLayout {
    guard !record.machine.nodeRanges.isEmpty else { return .single }
    let ranges = record.machine.nodeRanges.map {
      NodeRange(
        node: NodeID($0.node), range: addresses($0.addresses), isHotPluggable: $0.isHotplugWindow)
    }
    do throws(NodeLayoutError) {
      return try NodeLayout(ranges: ranges)
    } catch {
      throw InputError("\(record): machine.node_ranges: no machine has such nodes (\(error))")
    }
  }

  private static func addresses(_ range: Range<UInt64>) -> Range<PhysicalAddress> {
    PhysicalAddress(UInt(range.lowerBound))..<PhysicalAddress(UInt(range.upperBound))
  }
}

extension Twin {
  /// The memory that the recorded boot reserved and this one did not, zone by zone.
  ///
  /// Kernel and initial file system lie low. What boot allocates it takes from the top, which is in
  /// the highest zone.
  func memoryReserved(in record: Record) -> [BootConfiguration.NodeBytes] {
    subsystem.zones.map { zone in
      let isHighest = !subsystem.zones.contains { $0.node == zone.node && $0.kind > zone.kind }
      return BootConfiguration.NodeBytes(
        node: zone.node, byteCount: pagesReserved(in: zone, record) << pageSize.shift,
        bounds: pageSize.address(
          of: zone.span.lowerBound)..<pageSize.address(of: zone.span.upperBound),
        end: isHighest ? .high : .low)
    }
  }

  private func pagesReserved(in zone: ZoneSummary, _ record: Record) -> UInt {
    let name = RecordedZone(node: zone.node.index, name: "\(zone.kind.name)")
    guard let managed = record.boot.zones[name].flatMap({ UInt(exactly: $0.managed) })
    else { return 0 }
    return zone.managedPageCount - min(managed, zone.managedPageCount)
  }

  private var pageSize: PageSize { subsystem.format.pageSize }
}

extension RecordedKernel {
  /// The design that imitates the kernel.
  var design: KernelDesign {
    switch self {
    case .v6_1: .linux6_1
    case .v6_12: .linux6_12
    case .v7_2: .linux7_2
    }
  }
}
