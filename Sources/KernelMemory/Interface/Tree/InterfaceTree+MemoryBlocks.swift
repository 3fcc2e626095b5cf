// SPDX-License-Identifier: Apache-2.0

import Synchronization

// /sys/devices/system/memory and /sys/bus/memory (spec 10 section 5, spec 08 sections 2 and 10).

extension InterfaceTree {
  static var blockEntries: [TreeEntry] {
    [
      .file("auto_online_blocks", .blockDefault), .file("block_size_bytes", .blockSize),
      .file("crash_hotplug", .crashHotplug),
      .directory(
        .blocks,
        [
          .link(.nodesOfBlock, TreeLink(prefix: "../../node/node")),
          .file("online", .block(.online)), .file("phys_device", .block(.physicalDevice)),
          .file("phys_index", .block(.physicalIndex)),
          .file("removable", .block(.removable)), .file("state", .block(.state)),
          .file("valid_zones", .block(.validZones)),
        ]),
    ]
  }

  static var busEntries: [TreeEntry] {
    [.link(.blocks, TreeLink(prefix: "../../../devices/system/memory/memory"))]
  }

  /// The size of a memory block: a section, or on large x86 machines 2 GiB.
  ///
  /// - Source: spec 08 section 2, for a machine without a hypervisor.
  var blockOrder: PageOrder {
    let section = topology.sections.order
    let end = pageSize.address(of: topology.end).rawValue
    switch subsystem.format.regime {
    case .x86FourLevel, .x86FiveLevel:
      return end < 64 << 30 ? section : PageOrder(31 - Int(pageSize.shift))
    case .arm64, .riscv, .powerRadix: return section
    }
  }

  /// The frames of block `number`; nil if there are no such frames.
  private func frames(ofBlock number: UInt) -> FrameRange? {
    let count = blockOrder.pageCount
    guard number < topology.end.aligned(upTo: blockOrder).rawValue / count else { return nil }
    return FrameRange(start: PageFrameNumber(number * count), pageCount: count)
  }

  /// Whether there is memory in block `number`.
  func hasBlock(_ number: UInt) -> Bool {
    guard let frames = frames(ofBlock: number) else { return false }
    let sections = topology.sections
    let last = sections.number(of: frames.upperBound).rawValue
    return (sections.number(of: frames.lowerBound).rawValue..<last).contains {
      sections[SectionNumber($0)].marks.contains(.present)
    }
  }

  /// Whether the node at `position` has memory in block `number`.
  func hasBlock(_ number: UInt, onNode position: Int) -> Bool {
    guard let frames = frames(ofBlock: number) else { return false }
    return topology.nodes[position].memory.contains { $0.overlaps(frames) }
  }

  /// The numbers of all blocks with memory, ascending.
  var presentBlocks: [UInt] {
    let end = topology.end.aligned(upTo: blockOrder).rawValue / blockOrder.pageCount
    return (0..<end).filter { hasBlock($0) }
  }

  func appendBlocks(_ file: InterfaceFile, to sink: inout TextSink) {
    switch file {
    case .blockSize: sink.appendHex(blockOrder.pageCount << pageSize.shift)
    // No kernel is loaded that would be started in a crash, so none has to be told of changes.
    case .crashHotplug: sink.appendDecimal(0)
    default:
      let index = settings.blockDefault.load(ordering: .relaxed)
      sink.append(InterfaceSettings.stateWords[index])
    }
    sink.newline()
  }

  func append(_ file: BlockFile, block: UInt, to sink: inout TextSink) {
    switch file {
    case .physicalIndex: sink.appendHex(block, digits: 8)
    case .state: sink.append("online")
    case .online, .removable: sink.appendDecimal(1)
    case .physicalDevice: sink.appendDecimal(0)
    case .validZones: sink.append(zoneName(ofBlock: block))
    }
    sink.newline()
  }

  /// The zone that all of an online block belongs to; `none` if there are several.
  private func zoneName(ofBlock number: UInt) -> StaticString {
    guard let frames = frames(ofBlock: number) else { return "none" }
    let zones = topology.nodes.flatMap { node in
      let own = node.memory.filter { $0.overlaps(frames) }.map { $0.clamped(to: frames) }
      return node.zoneIndexes.map { topology.zones[$0] }.filter { zone in
        own.contains { $0.overlaps(zone.span) }
      }
    }
    return zones.count == 1 ? zones[0].kind.name : "none"
  }

  func storeBlockDefault(_ text: ArraySlice<UInt8>) throws(InterfaceError) {
    guard let index = Parsing.sysfsWordIndex(of: text, in: InterfaceSettings.stateWords) else {
      throw .invalid
    }
    settings.blockDefault.store(index, ordering: .relaxed)
  }

  /// Memory of the boot is online and stays so: there is nobody here who could move its contents.
  func store(
    _ text: ArraySlice<UInt8>, to file: BlockFile, block: UInt
  ) throws(InterfaceError) {
    switch file {
    case .state:
      let index = Parsing.sysfsWordIndex(of: text, in: InterfaceSettings.stateWords)
      guard let index, index == 0 else { throw .invalid }
      throw .notSupported
    case .online:
      let words = subsystem.kernel.bootParameters.switchWords
      guard let isOnline = try? Parsing.kernelBoolean(text, words: words) else { throw .invalid }
      if !isOnline { throw .notSupported }
    default: throw .access
    }
  }
}
