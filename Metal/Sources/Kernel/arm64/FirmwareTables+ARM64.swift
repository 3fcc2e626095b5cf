// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  internal import KernelMemory

  /// The machine as the device tree describes it.
  ///
  /// The tree is read through the direct map, in the copy that the kernel made: a machine without a tree
  /// has one CPU and one node.
  struct FirmwareTables {
    private let tree: DeviceTree?

    /// Reads the kernel's copy; where the loader had it does not matter any more.
    init(_ pointer: UInt) {
      tree = DeviceTree(at: KernelMemoryMap.directMap + (unsafe Boot.placement.memoryMap.start))
    }

    /// The memory.
    var memoryEntries: [MemoryMapEntry] {
      var entries: [MemoryMapEntry] = []
      tree?.forEachMemory { piece, _ in
        entries.append(
          MemoryMapEntry(PhysicalAddress(piece.start)..<PhysicalAddress(piece.end), .usable))
      }
      return entries
    }

    /// The places of all CPUs.
    var processorControllers: [UInt32] {
      var places: [UInt32] = []
      tree?.forEachNode { node in
        guard node.isDevice("cpu"), let place = node.value("reg") else { return }
        places.append(UInt32(truncatingIfNeeded: place.number))
      }
      return places
    }

    /// Whether firmware is called by secure monitor calls; else by hypervisor calls.
    var usesMonitor: Bool {
      guard let method = tree?.node(named: "psci")?.value("method") else { return false }
      return RawMemory.load(UInt8.self, at: method.address) == UInt8(ascii: "s")
    }
  }

  extension FirmwareTables {
    /// Which memory belongs to which node; one node if firmware does not say, or nothing sensible.
    ///
    /// - Source: Linux, Documentation/devicetree/bindings/numa.txt.
    var nodeLayout: NodeLayout {
      var ranges: [NodeRange] = []
      tree?.forEachMemory { piece, node in
        guard let range = Self.range(piece, node.value("numa-node-id")) else { return }
        ranges.append(range)
      }
      guard !ranges.isEmpty else { return .single }
      let memoryless = processorNodes.filter { node in !ranges.contains { $0.node == node } }
      for distances in [distances, nil] {
        if let layout = try? NodeLayout(
          ranges: ranges, memorylessNodes: memoryless, distances: distances)
        {
          return layout
        }
      }
      return .single
    }

    private static func range(_ piece: StartInfo.Piece, _ node: DeviceTree.Value?) -> NodeRange? {
      guard let number = node?.number, number < UInt(NodeID.limit) else { return nil }
      return NodeRange(
        node: NodeID(Int(number)), range: PhysicalAddress(piece.start)..<PhysicalAddress(piece.end))
    }

    private var processorNodes: [NodeID] {
      var nodes: [NodeID] = []
      tree?.forEachNode { node in
        guard node.isDevice("cpu"), let number = node.value("numa-node-id")?.number,
          number < UInt(NodeID.limit)
        else { return }
        nodes.append(NodeID(Int(number)))
      }
      return nodes
    }

    /// How far nodes are from each other; nil if firmware does not say. The matrix is a list of two
    /// nodes and their distance.
    private var distances: [[Int]]? {
      guard let matrix = tree?.node(named: "distance-map")?.value("distance-matrix") else {
        return nil
      }
      var count: UInt = 0
      for cell in stride(from: 0, to: matrix.cellCount, by: 3) {
        count = max(count, matrix.cell(cell) + 1)
      }
      guard count <= UInt(NodeID.limit), matrix.cellCount == count * count * 3 else { return nil }
      var distances = (0..<count).map { _ in (0..<count).map { _ in 0 } }
      for cell in stride(from: 0, to: matrix.cellCount, by: 3) {
        guard matrix.cell(cell + 1) < count else { return nil }
        distances[Int(matrix.cell(cell))][Int(matrix.cell(cell + 1))] = Int(matrix.cell(cell + 2))
      }
      return distances
    }
  }

#endif
