// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  static let nodeFolder = "/sys/devices/system/node"

  /// Reads the nodes (spec 10 section 6), all but where their memory is.
  ///
  /// A host that shows no nodes has one, with all its processors.
  mutating func readNodes(
    _ poolSizes: [UInt], _ processors: HostDescription.Processors
  ) -> [HostDescription.Node] {
    let folder = Self.nodeFolder
    let ids = (files.numbers(after: "node", in: folder) ?? []).filter { $0 < HostText.nodeLimit }
    guard !ids.isEmpty else {
      noteMissing(folder, "one node with all memory and processors assumed")
      trace(.nodes, .assumed)
      return [
        .init(id: 0, processors: processors.online, memory: [], distances: [], hugePages: [])
      ]
    }
    trace(.nodes, .read, folder)
    return ids.map { readNode(Int($0), of: ids.count, poolSizes) }
  }

  private mutating func readNode(
    _ id: Int, of count: Int, _ poolSizes: [UInt]
  ) -> HostDescription.Node {
    let folder = "\(Self.nodeFolder)/node\(id)"
    let info = readMeminfo(folder + "/meminfo", fieldsAfterWords: 2)
    if info["MemTotal"] == nil { noteMissing(folder + "/meminfo", "the node's size is not known") }
    return .init(
      id: id, processors: nodeProcessors(folder), memory: [],
      distances: nodeDistances(folder, count), total: info["MemTotal"], free: info["MemFree"],
      hugePages: poolSizes.map { nodeHugePages(folder, $0) })
  }

  /// The processors of a node; one without any has an empty list.
  private mutating func nodeProcessors(_ folder: String) -> [Int] {
    let path = folder + "/cpulist"
    guard let text = files.text(path) else {
      noteMissing(path, "the node's processors are not known")
      return []
    }
    if let list = HostText.list(text.trimmed, below: HostText.processorLimit) { return list }
    note(path, "\(HostText.quote(text)) is no list of processors; ignored")
    return []
  }

  /// The distances from a node to each of `count` nodes.
  private mutating func nodeDistances(_ folder: String, _ count: Int) -> [UInt] {
    let path = folder + "/distance"
    guard let line = line(path) else {
      noteMissing(path, "the node's distances are not known")
      return []
    }
    let numbers = line.words.map { HostText.decimal($0) }
    let distances = numbers.compactMap { $0 }.filter { $0 <= 255 }
    if distances.count == count, numbers.count == count { return distances }
    note(path, "\(HostText.quote(line)) is not one distance for each node; ignored")
    return []
  }

  private mutating func nodeHugePages(
    _ folder: String, _ size: UInt
  ) -> HostDescription.NodeHugePages {
    let pool = "\(folder)/hugepages/hugepages-\(size >> 10)kB"
    return .init(
      pageBytes: size, total: number(pool + "/nr_hugepages"),
      free: number(pool + "/free_hugepages"), surplus: number(pool + "/surplus_hugepages"))
  }
}
