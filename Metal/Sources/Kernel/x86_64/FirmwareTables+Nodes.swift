// SPDX-License-Identifier: Apache-2.0

#if arch(x86_64)

  internal import KernelMemory

  extension FirmwareTables {
    private static var recordsOffset: UInt { 48 }
    private static var processorAffinity: UInt8 { 0 }
    private static var memoryAffinity: UInt8 { 1 }
    private static var isEnabled: UInt32 { 1 << 0 }
    private static var isHotPluggable: UInt32 { 1 << 1 }

    /// Which memory belongs to which node; one node if firmware does not say, or nothing sensible.
    ///
    /// - Source: ACPI 6.5, 5.2.16 "System Resource Affinity Table", 5.2.17 "System Locality Information
    ///   Table".
    var nodeLayout: NodeLayout {
      var ranges: [NodeRange] = []
      var others: [NodeID] = []
      contents(of: "SRAT")?.forEachRecord(from: Self.recordsOffset) { kind, record in
        switch kind {
        case Self.memoryAffinity:
          if let range = Self.memory(record) { ranges.append(range) }
        case Self.processorAffinity:
          others.append(NodeID(Int(RawMemory.load(UInt8.self, at: record + 2))))
        default: return
        }
      }
      guard !ranges.isEmpty else { return .single }
      let memoryless = others.filter { node in !ranges.contains { $0.node == node } }
      for distances in [distances, nil] {
        if let layout = try? NodeLayout(
          ranges: ranges, memorylessNodes: memoryless, distances: distances)
        {
          return layout
        }
      }
      return .single
    }

    private static func memory(_ record: UInt) -> NodeRange? {
      let flags = RawMemory.load(UInt32.self, at: record + 28)
      let node = RawMemory.load(UInt32.self, at: record + 2)
      let start = RawMemory.load(UInt.self, at: record + 8)
      let (end, overflow) = start.addingReportingOverflow(RawMemory.load(at: record + 16))
      guard flags & isEnabled != 0, !overflow, end > start, node < UInt32(NodeID.limit) else {
        return nil
      }
      return NodeRange(
        node: NodeID(Int(node)), range: PhysicalAddress(start)..<PhysicalAddress(end),
        isHotPluggable: flags & isHotPluggable != 0)
    }

    /// How far nodes are from each other; nil if firmware does not say.
    private var distances: [[Int]]? {
      guard let table = contents(of: "SLIT") else { return nil }
      let count = RawMemory.load(UInt.self, at: table.start + Self.headerByteCount)
      let first = table.start + Self.headerByteCount + 8
      guard count > 0, count <= UInt(NodeID.limit), first + count * count <= table.end else {
        return nil
      }
      return (0..<count).map { row in
        (0..<count).map { Int(RawMemory.load(UInt8.self, at: first + row * count + $0)) }
      }
    }
  }

#endif
