// SPDX-License-Identifier: Apache-2.0

/// What boot knows before anything is mapped: the memory, who has it, and what was asked for.
struct EarlyMemory {
  let parameters: BootParameters
  let platform: Platform
  /// The firmware's map with the command line's edits.
  let memoryMap: MemoryMap
  var memblock: Memblock
  /// What is asked of the pools.
  let requests: HugePageRequests

  /// Reads the command line and fills the boot allocator.
  ///
  /// - Throws: ``BootError/noMemory`` and ``BootError/addressTooHigh(_:)``.
  init(_ configuration: BootConfiguration) throws(BootError) {
    let format = configuration.format
    parameters = BootParameters(
      commandLine: configuration.commandLine[...], rules: configuration.kernel.bootParameters)
    platform = Platform.platform(for: format.regime)
    memoryMap = configuration.memoryMap(changedBy: parameters)
    memblock = Memblock(map: memoryMap, layout: configuration.layout, pageSize: format.pageSize)
    for hole in platform.holes { memblock.remove(hole) }
    for range in platform.reserved { memblock.reserve(range) }
    guard memblock.presentPageCount() > 0 else { throw .noMemory }
    let limit: UInt = 1 << format.physicalAddressBits
    guard memblock.memoryEnd.rawValue <= limit else { throw .addressTooHigh(memblock.memoryEnd) }
    let late = configuration.layout.lateNodes
    let early = memblock
    let online = configuration.layout.nodes.filter { node in
      !late.contains(node) || early.presentPageCount(on: node) > 0
    }
    requests = Self.readRequests(parameters, configuration, online: online)
    for occupied in configuration.occupiedBytes { reserve(occupied) }
  }

  private static func readRequests(
    _ parameters: BootParameters, _ configuration: BootConfiguration, online: [NodeID]
  ) -> HugePageRequests {
    let format = configuration.format
    let size = format.pageSize
    let platform = HugePagePlatform(
      supportedByteCounts: format.hugePageOrders.map { $0.pageCount << size.shift },
      defaultByteCount: format.defaultHugePageOrder.pageCount << size.shift,
      onlineNodes: online, nodeLists: .supported,
      largestListedByteCount: format.maximumOrder.pageCount << size.shift)
    return HugePageRequests(
      parameters.hugePageDirectives, platform: platform, rules: configuration.kernel.bootParameters)
  }

  /// Takes memory that somebody else holds out of the free memory of a node.
  private mutating func reserve(_ occupied: BootConfiguration.NodeBytes) {
    let page = memblock.pageSize.byteCount
    var left = occupied.byteCount / page * page
    var ranges = memblock.freeRanges(on: occupied.node).map {
      $0.range.clamped(to: occupied.bounds)
    }
    if occupied.end == .high { ranges.reverse() }
    for range in ranges where left > 0 {
      let part = min(left, range.byteCount / page * page)
      let start =
        occupied.end == .low
        ? range.lowerBound : PhysicalAddress(range.upperBound.rawValue / page * page - part)
      if part > 0 { memblock.reserve(Range(start: start, byteCount: part)) }
      left -= part
    }
  }

  /// The memory of all nodes in whole frames, ascending.
  func nodeMemory(layout: NodeLayout) -> [NodeMemory] {
    let pieces = layout.nodes.flatMap { node in
      memblock.frameRanges(on: node).map { NodeMemory(node: node, frames: $0) }
    }
    return pieces.sorted { $0.frames.lowerBound < $1.frames.lowerBound }
  }

  /// Divides the memory of a machine of `span` bytes into nodes, zones and sections.
  func makeTopology(_ configuration: BootConfiguration, span: UInt) -> MemoryTopology {
    let format = configuration.format
    let memory = nodeMemory(layout: configuration.layout)
    let end = memory.last?.frames.upperBound ?? PageFrameNumber(0)
    return TopologyBuilder(
      pageSize: format.pageSize, limits: platform.zones, memory: memory,
      nodeIDs: configuration.layout.nodes, lateNodeIDs: configuration.layout.lateNodes,
      distances: configuration.layout.distances,
      sectionOrder: PageOrder(Int(format.sectionShift - format.pageSize.shift)),
      pageblockOrder: format.pageblockOrder,
      movableStarts: movableStarts(memory, configuration, end: end), end: end,
      describableEnd: max(end, format.pageSize.frame(containing: PhysicalAddress(span)))
    ).build()
  }

  /// Where movable memory begins on each node, as `kernelcore=` and `movablecore=` say.
  private func movableStarts(
    _ memory: [NodeMemory], _ configuration: BootConfiguration, end: PageFrameNumber
  ) -> [PageFrameNumber?] {
    let size = configuration.format.pageSize
    let total = memory.reduce(UInt(0)) { $0 + $1.frames.pageCount }
    var kernel: UInt?
    if let share = parameters.kernelMemory?.pageCount(of: total, pageSize: size) { kernel = share }
    if let share = parameters.movableMemory?.pageCount(of: total, pageSize: size) {
      let block = configuration.format.maximumOrder.pageCount
      let movable = min((share + block - 1) / block * block, total)
      kernel = max(kernel ?? 0, total - movable)
    }
    guard let kernel, kernel < total else { return [] }
    let highest = platform.zones.highestKind(pageSize: size, end: end)
    let zone = platform.zones.frames(of: highest, pageSize: size, end: end)
    return MovableMemoryPlan(
      memory: memory, nodeIDs: configuration.layout.nodes, highestZoneStart: zone.lowerBound,
      alignment: configuration.format.maximumOrder
    ).starts(keeping: kernel)
  }
}
