// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// A machine that is nothing but memory on nodes, as `--memory` describes it.
struct PlainMachine: Equatable {
  /// The bytes on each node; 0 for a node without memory.
  let nodeByteCounts: [UInt]

  /// The most that all nodes can have: a twin's addresses end at 64 TiB, and x86 has a gigabyte of
  /// devices below 4 GiB.
  static let limit: UInt = 64 << 40 - 1 << 30
  /// The least that boots.
  static let least: UInt = 64 << 20
  /// What each node's memory must be a multiple of.
  static let granule: UInt = 2 << 20

  /// A machine whose nodes have the given numbers of bytes.
  ///
  /// - Throws: ``InputError``; `option` says where the numbers came from.
  init(nodeByteCounts: [UInt], option: String) throws(InputError) {
    guard nodeByteCounts.count <= NodeID.limit else {
      throw InputError("\(option): a machine has at most \(NodeID.limit) nodes")
    }
    var total: UInt = 0
    for byteCount in nodeByteCounts {
      guard byteCount % Self.granule == 0 else {
        throw InputError(
          "\(option): \(ByteText.short(byteCount)) is no multiple of 2 MiB; round it to one")
      }
      let (sum, overflow) = total.addingReportingOverflow(byteCount)
      total = overflow ? .max : sum
    }
    guard total >= Self.least else {
      throw InputError(
        "\(option): \(ByteText.short(total)) is too little to boot; give at least "
          + ByteText.short(Self.least))
    }
    guard total <= Self.limit else {
      throw InputError(
        "\(option): \(ByteText.short(total)) is too much; a twin has at most 65535 GiB in all")
    }
    self.nodeByteCounts = nodeByteCounts
  }

  /// Reads `SIZE[,SIZE…]`: one size for each node.
  ///
  /// - Throws: ``InputError``.
  init(_ text: String) throws(InputError) {
    var sizes: [UInt] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      sizes.append(try SizeText.byteCount(part, option: "--memory"))
    }
    try self.init(nodeByteCounts: sizes, option: "--memory")
  }

  /// `total` bytes spread evenly over `nodeCount` nodes; the last one gets the rest.
  ///
  /// - Throws: ``InputError``.
  init(total: UInt, nodeCount: Int, option: String) throws(InputError) {
    guard (1...NodeID.limit).contains(nodeCount) else {
      throw InputError("\(option): a machine has 1 to \(NodeID.limit) nodes, not \(nodeCount)")
    }
    let share = total / UInt(nodeCount) / Self.granule * Self.granule
    var sizes = [UInt](repeating: share, count: nodeCount)
    sizes[nodeCount - 1] = total - share * UInt(nodeCount - 1)
    try self.init(nodeByteCounts: sizes, option: option)
  }

  private var totalByteCount: UInt { nodeByteCounts.reduce(0, +) }
}

extension PlainMachine {
  /// The bytes below the window in which x86 machines have their devices.
  private static let lowEnd: UInt = 3 << 30
  private static let highStart: UInt = 4 << 30

  /// The firmware's memory map on a machine with tables of `format`.
  func memoryMap(_ format: PagingFormat) -> MemoryMap {
    guard Self.hasDeviceWindow(format) else {
      return MemoryMap([Self.usable(0, totalByteCount)])
    }
    let low = min(totalByteCount, Self.lowEnd)
    var entries = [Self.usable(0, 0x9_FC00), Self.usable(0x10_0000, low)]
    if totalByteCount > low {
      entries.append(Self.usable(Self.highStart, Self.highStart + totalByteCount - low))
    }
    return MemoryMap(entries)
  }

  /// Which addresses belong to which node, on a machine with tables of `format`.
  func layout(_ format: PagingFormat) throws(InputError) -> NodeLayout {
    guard nodeByteCounts.count > 1 else { return .single }
    var ranges: [NodeRange] = []
    var memoryless: [NodeID] = []
    var start: UInt = 0
    for (number, byteCount) in nodeByteCounts.enumerated() {
      if byteCount == 0 { memoryless.append(NodeID(number)) }
      ranges += Self.addresses(start, start + byteCount, format).map {
        NodeRange(node: NodeID(number), range: $0)
      }
      start += byteCount
    }
    do throws(NodeLayoutError) {
      return try NodeLayout(ranges: ranges, memorylessNodes: memoryless)
    } catch {
      throw InputError("--memory: the nodes cannot be laid out (\(error))")
    }
  }

  /// Where the bytes from `start` to `end` of the memory lie, counted without the device window.
  private static func addresses(
    _ start: UInt, _ end: UInt, _ format: PagingFormat
  ) -> [Range<PhysicalAddress>] {
    guard start < end else { return [] }
    guard hasDeviceWindow(format), end > lowEnd else {
      return [PhysicalAddress(start)..<PhysicalAddress(end)]
    }
    let gap = highStart - lowEnd
    let high = PhysicalAddress(max(start, lowEnd) + gap)..<PhysicalAddress(end + gap)
    return start < lowEnd ? [PhysicalAddress(start)..<PhysicalAddress(lowEnd), high] : [high]
  }

  private static func hasDeviceWindow(_ format: PagingFormat) -> Bool {
    format.regime == .x86FourLevel || format.regime == .x86FiveLevel
  }

  private static func usable(_ start: UInt, _ end: UInt) -> MemoryMapEntry {
    MemoryMapEntry(PhysicalAddress(start)..<PhysicalAddress(end), .usable)
  }
}
