// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  /// Reads every part and puts them together.
  mutating func describe() throws(HostReadError) -> HostDescription {
    if let error = files.rootFailure {
      throw HostReadError(path: files.root.string, reason: .notADirectory(error.description))
    }
    let processorText = readProcessorText()
    let kernel = readKernel()
    let architecture = readArchitecture(kernel, processorText)
    let totals = readMeminfo("/proc/meminfo", fieldsAfterWords: 0)
    let zones = readZones()
    let poolSizes = readHugePageSizes(totals)
    let pageSize = readPageSize(architecture, totals, zones, poolSizes)
    let processors = readProcessors(processorText)
    let memory = memoryTotals(totals)
    let blocks = readMemoryBlocks()
    var layout = MemoryLayout(
      pageSize: pageSize, architecture: architecture, total: memory.total, blocks: blocks,
      zones: plausible(zones, pageSize: pageSize), nodes: readNodes(poolSizes, processors))
    layOutMemory(&layout)
    guard !layout.online.isEmpty else {
      let path = files.root.appending("proc/meminfo").string
      throw HostReadError(path: path, reason: .noMemoryFound)
    }
    assignMemory(&layout)
    let hugePages = readHugePages(poolSizes, totals)
    let vmemmapPages = readVmemmapPages()
    let hvo = readHVO(architecture, kernel)
    let memmapOnMemory = readMemmapOnMemory()
    for path in files.cutOff { note(path, "longer than 16 MiB; the rest was not read") }
    return HostDescription(
      architecture: architecture, kernelRelease: kernel.release, kernelVersion: kernel.version,
      commandLine: kernel.commandLine, pageSize: pageSize, processors: processors, memory: memory,
      memoryMap: layout.map, memoryBlocks: blocks, zones: layout.zones, nodes: layout.nodes,
      hugePages: hugePages, vmemmapPages: vmemmapPages, hvo: hvo, memmapOnMemory: memmapOnMemory,
      provenance: provenance, notes: notes)
  }
}

/// The memory of a host while it is being put together from its parts.
struct MemoryLayout {
  let pageSize: UInt
  let architecture: String
  /// The memory under the page allocator, in bytes, if known.
  let total: UInt?
  let blocks: HostDescription.MemoryBlocks?
  let zones: [HostDescription.Zone]
  /// The nodes; their memory comes last.
  var nodes: [HostDescription.Node]
  /// The physical address space.
  var map: [HostDescription.MemoryMapEntry] = []

  /// The addresses of the memory under the page allocator.
  var online: RangeSet<UInt> { map.ranges { $0.isOnlineMemory } }
}

extension [HostDescription.MemoryMapEntry] {
  /// The addresses of the entries of the kinds that `isWanted` takes.
  func ranges(where isWanted: (HostDescription.MemoryKind) -> Bool) -> RangeSet<UInt> {
    RangeSet(
      compactMap { isWanted($0.kind) && $0.start < $0.end ? $0.start..<$0.end : nil })
  }
}

extension RangeSet<UInt> {
  /// The number of bytes in the set.
  var byteCount: UInt { ranges.reduce(0) { $0 &+ ($1.upperBound &- $1.lowerBound) } }
}
