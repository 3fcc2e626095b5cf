// SPDX-License-Identifier: Apache-2.0

// `#@ machine memory=2G nodes=2 cpus=4 arch=x86_64 memory-map=0x0-0x9fc00:usable,…`

extension ScriptParser {
  static func machine(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> MachineDescription {
    var machine = MachineDescription()
    var rest = text
    while let word = rest.popWord() {
      guard let sign = word.firstIndex(of: ASCII.equalsSign) else { throw .missingArgument }
      try set(word[..<sign], word[(sign + 1)...], of: &machine)
    }
    return machine
  }

  private static func set(
    _ property: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>, of machine: inout MachineDescription
  ) throws(ScriptProblem) {
    if property.isWord("memory") {
      machine.memoryByteCount = try size(value)
      guard machine.memoryByteCount <= MachineDescription.largestMemory else { throw .badSize }
    } else if property.isWord("nodes") {
      machine.nodeCount = try count(value, limit: NodeID.limit)
    } else if property.isWord("cpus") {
      machine.cpuCount = try count(value, limit: MachineDescription.mostCPUs)
    } else if property.isWord("arch") {
      guard let format = PagingFormat.named(value) else { throw .unknownArchitecture }
      machine.format = format
    } else if property.isWord("memory-map") {
      machine.memoryMap = try memoryMap(value)
    } else if property.isWord("room") {
      machine.room = try size(value)
      guard machine.room <= MachineDescription.largestMemory else { throw .badSize }
    } else if property.isWord("window") {
      machine.windows.append(try window(value))
    } else if property.isWord("node") {
      var range = try window(value)
      range.isHotPluggable = false
      machine.nodeRanges.append(range)
    } else if property.isWord("empty-node") {
      guard let node = try? Parsing.sysfsUnsigned(value), node < UInt(NodeID.limit) else {
        throw .badNumber
      }
      machine.memorylessNodes.append(NodeID(Int(node)))
    } else {
      throw .unknownProperty
    }
  }

  /// Reads a number from 1 to `limit`.
  private static func count(
    _ text: ArraySlice<UInt8>, limit: Int
  ) throws(ScriptProblem) -> Int {
    guard let value = try? Parsing.sysfsUnsigned(text), (1...UInt(limit)).contains(value) else {
      throw .badNumber
    }
    return Int(value)
  }

  /// Reads `START-END@NODE`, the end exclusive.
  private static func window(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> NodeRange {
    guard let dash = text.firstIndex(of: ASCII.minus), let at = text.lastIndex(of: ASCII.atSign),
      dash < at, let start = try? Parsing.sysfsUnsignedAutoBase(text[..<dash]),
      let end = try? Parsing.sysfsUnsignedAutoBase(text[(dash + 1)..<at]),
      let node = try? Parsing.sysfsUnsigned(text[(at + 1)...]), node < UInt(NodeID.limit),
      start < end, end <= MachineDescription.largestMemory
    else { throw .badWindow }
    return NodeRange(
      node: NodeID(Int(node)), range: PhysicalAddress(start)..<PhysicalAddress(end),
      isHotPluggable: true)
  }

  /// Reads `START-END:KIND,…`, the ends exclusive: the firmware's lines, written in one.
  private static func memoryMap(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> MemoryMap {
    var lines: [UInt8] = []
    for byte in text {
      switch byte {
      case ASCII.comma: lines.append(ASCII.newline)
      case ASCII.colon: lines.append(ASCII.space)
      default: lines.append(byte)
      }
    }
    guard let map = try? MemoryMap.parse(firmwareText: lines[...]),
      map.usableByteCount > 0, map.describableEnd.rawValue <= MachineDescription.largestMemory
    else { throw .badMemoryMap }
    return map
  }
}
