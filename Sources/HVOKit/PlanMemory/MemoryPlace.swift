// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Where memory is added, and the twin that has room for it.
struct MemoryPlace {
  let range: Range<PhysicalAddress>
  let node: NodeID
  private(set) var specification: TwinSpecification

  /// The largest block that memory comes in without anybody forcing it.
  private static let alignment: UInt = 2 << 30

  /// Finds a place for what the user asks for.
  ///
  /// - Throws: ``InputError`` if there is none.
  init(_ wish: MemoryWish, in specification: TwinSpecification) throws(InputError) {
    let configuration = specification.configuration
    switch wish {
    case .hotAdd(let byteCount, let node, let holdsItself):
      range = try Self.free(byteCount, configuration.memoryMap, "--hot-add")
      self.node = node.map { NodeID($0) } ?? configuration.layout.firstNode
      let words = holdsItself ? "memory_hotplug.memmap_on_memory=1" : ""
      self.specification = try Self.specification(
        words.isEmpty ? specification : specification.adding(words), with: range, on: self.node)
    case .device(let device):
      if let start = device.start {
        range = PhysicalAddress(start)..<PhysicalAddress(start + device.byteCount)
        try Self.check(range, configuration.memoryMap)
      } else {
        range = try Self.free(device.byteCount, configuration.memoryMap, "--dax")
      }
      node = configuration.layout.node(at: range.lowerBound) ?? configuration.layout.firstNode
      self.specification = try Self.specification(specification, with: range, on: node)
    }
  }

  /// The same with `words` added to the kernel's command line.
  func adding(_ words: String) -> Self {
    var copy = self
    copy.specification = specification.adding(words)
    return copy
  }

  /// The first place behind all memory in which the firmware has nothing.
  private static func free(
    _ byteCount: UInt, _ map: MemoryMap, _ option: String
  ) throws(InputError) -> Range<PhysicalAddress> {
    var start = roundedUp(max(map.usableEnd.rawValue, 4 << 30))
    for entry in map.entries
    where entry.range.upperBound.rawValue > start
      && entry.range.lowerBound.rawValue < start.clampedSum(byteCount)
    {
      start = roundedUp(entry.range.upperBound.rawValue)
    }
    guard start.clampedSum(byteCount) <= MemoryWish.limit else {
      throw InputError(
        "\(option): there is no room for \(ByteText.short(byteCount)) behind the machine's memory, "
          + "as a twin's addresses end at \(ByteText.short(MemoryWish.limit))")
    }
    return PhysicalAddress(start)..<PhysicalAddress(start + byteCount)
  }

  private static func roundedUp(_ address: UInt) -> UInt {
    address.clampedSum(alignment - 1) / alignment * alignment
  }

  /// A device's memory is none that the kernel uses.
  private static func check(
    _ range: Range<PhysicalAddress>, _ map: MemoryMap
  ) throws(InputError) {
    guard let memory = map.usableRanges.first(where: { $0.overlaps(range) }) else { return }
    throw InputError(
      "--dax: the range overlaps ordinary memory, which lies at "
        + "\(hexadecimal(memory.lowerBound))-\(hexadecimal(memory.upperBound)) (the end excluded)")
  }

  static func hexadecimal(_ address: PhysicalAddress) -> String {
    "0x" + String(address.rawValue, radix: 16)
  }

  /// The machine with addresses for more memory, and with the node that this belongs to.
  private static func specification(
    _ specification: TwinSpecification, with range: Range<PhysicalAddress>, on node: NodeID
  ) throws(InputError) -> TwinSpecification {
    var result = specification
    result.addedEnd = range.upperBound.rawValue
    let layout = specification.configuration.layout
    guard !layout.isOnline(node) else { return result }
    let end = max(specification.configuration.memoryMap.usableEnd, PhysicalAddress(1))
    let own =
      layout.ranges.isEmpty
      ? [NodeRange(node: layout.firstNode, range: PhysicalAddress(0)..<end)] : layout.ranges
    do throws(NodeLayoutError) {
      result.configuration.layout = try NodeLayout(
        ranges: own + [NodeRange(node: node, range: range, isHotPluggable: true)],
        memorylessNodes: layout.memorylessNodes.filter { member in
          !own.contains { $0.node == member }
        })
    } catch {
      throw InputError("--hot-add: node \(node.index) cannot have this memory (\(error))")
    }
    return result
  }
}

extension UInt {
  /// The sum, or the largest number where there is none.
  fileprivate func clampedSum(_ other: UInt) -> UInt {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}
