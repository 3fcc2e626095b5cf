// SPDX-License-Identifier: Apache-2.0

// /sys/devices/system/memory and /sys/bus/memory (spec 10 section 5, spec 08 section 10).

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
      .file("probe", .blockProbe),
    ]
  }

  static var busEntries: [TreeEntry] {
    [.link(.blocks, TreeLink(prefix: "../../../devices/system/memory/memory"))]
  }

  var hotplug: MemoryHotplug { subsystem.hotplug }

  /// Whether there is a block `number`.
  func hasBlock(_ number: UInt) -> Bool { hotplug.blocks[number] != nil }

  /// Whether the node at `position` has memory in block `number`.
  func hasBlock(_ number: UInt, onNode position: Int) -> Bool {
    hotplug.blocks[number]?.nodes.contains(topology.nodes[position].id) ?? false
  }

  /// The numbers of all blocks, ascending.
  var presentBlocks: [UInt] { hotplug.blocks.all.map { $0.number } }

  func appendBlocks(_ file: InterfaceFile, to sink: inout TextSink) {
    switch file {
    case .blockSize: sink.appendHex(hotplug.blockOrder.pageCount << pageSize.shift)
    // No kernel is loaded that would be started in a crash, so none has to be told of changes.
    case .crashHotplug: sink.appendDecimal(0)
    default: sink.append(hotplug.settings.defaultType.word)
    }
    sink.newline()
  }

  /// Appends a file of a block; nothing if the block went away meanwhile.
  func append(_ file: BlockFile, block number: UInt, to sink: inout TextSink) {
    guard let block = hotplug.blocks[number] else { return }
    switch file {
    case .physicalIndex: sink.appendHex(number, digits: 8)
    case .state: sink.append(block.state.word)
    case .online: sink.appendDecimal(block.state == .offline ? 0 : 1)
    case .removable: sink.appendDecimal(1)
    case .physicalDevice: sink.appendDecimal(0)
    case .validZones: appendZones(of: block, to: &sink)
    }
    sink.newline()
  }

  /// Appends the zone of an online block, or those that an offline one may go to.
  private func appendZones(of block: MemoryBlock, to sink: inout TextSink) {
    guard block.state == .offline else {
      let zone = block.zoneIndex.map { topology.zones[$0] }
      return sink.append(zone?.kind.name ?? "none")
    }
    for (index, zone) in hotplug.choices(for: block).enumerated() {
      if index > 0 { sink.append(byte: ASCII.space) }
      sink.append(zone.kind.name)
    }
  }

  func storeBlockDefault(_ text: ArraySlice<UInt8>) throws(InterfaceError) {
    guard let type = OnlineType(text) else { throw .invalid }
    hotplug.settings.defaultType = type
  }

  /// Does what a write to a file of a block asks for.
  ///
  /// The word must change something; the number need not.
  func store(
    _ text: ArraySlice<UInt8>, to file: BlockFile, block number: UInt
  ) throws(InterfaceError) {
    switch file {
    case .state:
      guard let type = OnlineType(text) else { throw .invalid }
      try change(number, to: type)
    case .online:
      let words = subsystem.kernel.bootParameters.switchWords
      guard let isOnline = try? Parsing.kernelBoolean(text, words: words) else { throw .invalid }
      guard let block = hotplug.blocks[number] else { throw .noDevice }
      if isOnline == (block.state == .offline) {
        try change(number, to: isOnline ? .online : .offline)
      }
    default: throw .access
    }
  }

  private func change(_ number: UInt, to type: OnlineType) throws(InterfaceError) {
    do throws(HotplugError) {
      if type == .offline {
        try hotplug.offline(number)
      } else {
        try hotplug.online(number, as: type)
      }
    } catch {
      throw InterfaceError(error)
    }
  }

  /// Adds the block of memory at the address in `text`, which somebody has plugged in.
  ///
  /// - Linux: `probe_store()`.
  func probeBlock(_ text: ArraySlice<UInt8>) throws(InterfaceError) {
    let address: UInt
    do throws(NumberError) {
      address = try Parsing.sysfsUnsignedAutoBase(text)
    } catch {
      throw InterfaceError(error)
    }
    let size = hotplug.blockOrder.pageCount << pageSize.shift
    let (end, isTooLarge) = address.addingReportingOverflow(size)
    guard address % size == 0 else { throw .invalid }
    guard !isTooLarge else { throw .tooBig }
    let start = PhysicalAddress(address)
    do throws(HotplugError) {
      try hotplug.add(start..<PhysicalAddress(end), to: subsystem.nodeOfMemory(at: start))
    } catch {
      throw InterfaceError(error)
    }
  }
}

extension MemoryBlock.State {
  /// The word in a block's `state`.
  fileprivate var word: StaticString {
    switch self {
    case .online: "online"
    case .offline: "offline"
    case .goingOffline: "going-offline"
    }
  }
}

extension InterfaceError {
  /// The answer to memory that does not come or go.
  public init(_ error: HotplugError) {
    switch error {
    case .invalid: self = .invalid
    case .busy: self = .busy
    case .exists: self = .exists
    case .outOfMemory: self = .outOfMemory
    case .outOfReach: self = .tooBig
    case .poisoned: self = .poisonedMemory
    case .interrupted: self = .interrupted
    case .vetoed(let veto):
      switch veto {
      case .busy: self = .busy
      case .invalid: self = .invalid
      case .outOfMemory: self = .outOfMemory
      case .notPermitted: self = .notPermitted
      }
    }
  }
}
