// SPDX-License-Identifier: Apache-2.0

// /sys/devices/system/node and /sys/devices/system/cpu (spec 10 section 6).

extension InterfaceTree {
  static var nodeEntries: [TreeEntry] {
    [
      .file("has_cpu", .nodeList(.withCPUs)),
      .file("has_generic_initiator", .nodeList(.withGenericInitiators)),
      .file("has_memory", .nodeList(.withMemory)),
      .file("has_normal_memory", .nodeList(.withNormalMemory)),
      .directory(
        .nodes,
        [
          .file("compact", .node(.compact)),
          .link(.cpusOfNode, TreeLink(prefix: "../../cpu/cpu")),
          .file("cpulist", .node(.cpuList)), .file("cpumap", .node(.cpuMap)),
          .file("distance", .node(.distance)), .directory("hugepages", nodePoolEntries),
          .file("meminfo", .node(.meminfo)),
          .link(.blocksOfNode, TreeLink(prefix: "../../memory/memory")),
          .file("numastat", .node(.numastat)), .file("reclaim", .node(.reclaim)),
          .file("vmstat", .node(.vmstat)),
        ]),
      .file("online", .nodeList(.online)), .file("possible", .nodeList(.possible)),
    ]
  }

  static var cpuEntries: [TreeEntry] {
    [
      .directory(.cpus, [.link(.nodesOfCPU, TreeLink(prefix: "../../node/node"))]),
      .file("online", .cpuList), .file("possible", .cpuList), .file("present", .cpuList),
    ]
  }

  func append(_ file: NodeListFile, to sink: inout TextSink) {
    let members = topology.nodes.indices.filter { position in
      switch file {
      case .possible: true
      case .online: topology.nodes[position].isOnline
      case .withMemory: topology.nodes[position].hasMemory
      case .withNormalMemory:
        zones(ofNode: position).contains { $0.isPopulated && $0.kind <= .normal }
      case .withCPUs: position == nodePositionOfCPUs
      case .withGenericInitiators: false
      }
    }
    appendList(members.map { UInt(topology.nodes[$0].id.rawValue) }, to: &sink)
  }

  func append(_ file: NodeFile, node position: Int, to sink: inout TextSink) {
    switch file {
    case .meminfo: appendMeminfo(ofNode: position, to: &sink)
    case .numastat: appendNumastat(to: &sink)
    case .vmstat: appendVmstat(ofNode: position, to: &sink)
    case .distance: appendDistances(of: position, to: &sink)
    case .cpuMap: appendCPUMap(ofNode: position, to: &sink)
    case .cpuList:
      appendList(cpus(ofNode: position).map { UInt($0) }, to: &sink)
    case .compact, .reclaim: return
    }
  }

  private func cpus(ofNode position: Int) -> Range<Int> {
    position == nodePositionOfCPUs ? 0..<subsystem.machine.cpuCount : 0..<0
  }

  private func appendNumastat(to sink: inout TextSink) {
    let names: [StaticString] = [
      "numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node", "other_node",
    ]
    for name in names {
      sink.append(name)
      sink.append(" 0\n")
    }
  }

  /// A blank stands before every node but node 0, first or not.
  private func appendDistances(of position: Int, to sink: inout TextSink) {
    let distances = topology.nodes[position].distances
    for (node, distance) in zip(topology.nodes, distances) where node.isOnline {
      if node.id != NodeID(0) { sink.append(byte: ASCII.space) }
      sink.appendDecimal(signed: distance)
    }
    sink.newline()
  }

  /// Words of 32 bits in hexadecimal, highest first; the first has as many digits as it needs for
  /// all CPUs.
  private func appendCPUMap(ofNode position: Int, to sink: inout TextSink) {
    let cpus = cpus(ofNode: position)
    let count = subsystem.machine.cpuCount
    for word in (0..<(count + 31) / 32).reversed() {
      let bits = min(32, count - word * 32)
      let members = cpus.clamped(to: word * 32..<word * 32 + bits).count
      let mask: UInt = members == 64 ? .max : (1 << UInt(members)) - 1
      if (word + 1) * 32 < count { sink.append(byte: ASCII.comma) }
      sink.appendHex(mask, digits: (bits + 3) / 4)
    }
    sink.newline()
  }

  /// Tries to free as many bytes of a node as `text` says, with words on how to go about it.
  ///
  /// There is nothing to reclaim here: no file is cached, and no process swapped.
  ///
  /// - Linux: `user_proactive_reclaim()`.
  func reclaim(_ text: ArraySlice<UInt8>) throws(InterfaceError) {
    let text = text.untilNul.trimmingSpaces
    let size = Parsing.memorySize(text)
    guard size.rest.count < text.count else { throw .invalid }
    for word in size.rest.trimmingSpaces.split(separator: ASCII.space) {
      guard Self.isSwappiness(word) else { throw .invalid }
    }
    if size.byteCount >= pageSize.byteCount { throw .tryAgain }
  }

  private static func isSwappiness(_ word: ArraySlice<UInt8>) -> Bool {
    let name: StaticString = "swappiness="
    guard name.isPrefix(of: word) else { return false }
    let value = word.dropFirst(name.utf8CodeUnitCount)
    if ("max" as StaticString).isEqual(to: value) { return true }
    let number = Parsing.autoBaseDigits(value)
    return !number.overflowed && number.byteCount > 0 && number.byteCount == value.count
      && number.value <= 200
  }

  /// Brings what CPUs keep of a node's memory back, which is all that compacting can do here.
  func drainCPULists(ofNode position: Int) {
    for zone in zones(ofNode: position) { allocator.drainCPULists(of: zone) }
  }
}
