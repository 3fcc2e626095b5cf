// SPDX-License-Identifier: Apache-2.0

/// The machine on which a record was taken.
public struct RecordedMachine: Equatable, Sendable {
  /// One line of the firmware's memory map.
  public struct MemoryRange: Equatable, Sendable {
    /// The bytes, end exclusive.
    public var addresses: Range<UInt64>
    /// What the firmware says they are: `usable`, `reserved`, ….
    public var type: String
  }

  /// Memory that belongs to a NUMA node.
  public struct NodeRange: Equatable, Sendable {
    public var addresses: Range<UInt64>
    public var node: Int
    /// Whether the range is a window for memory that may be added later.
    public var isHotplugWindow: Bool
  }

  /// The architecture as Linux names it: `x86_64`.
  public var architecture: String
  public var cpuCount: Int
  /// The boot parameters that concern the subsystem.
  public var commandLine: String
  public var memoryMap: [MemoryRange]
  /// Empty for a machine of one node.
  public var nodeRanges: [NodeRange]
}

extension RecordedMachine {
  /// The size that `/proc/sys/vm/nr_hugepages` means: 2M unless the boot parameters say otherwise.
  public var defaultPageSize: RecordedPageSize {
    let option = "default_hugepagesz="
    for word in commandLine.split(separator: " ") where word.hasPrefix(option) {
      let text = word.dropFirst(option.count)
      let kilobytesPerUnit = ["K": 1, "M": 1024, "G": 1_048_576]
      guard let unit = text.last, let scale = kilobytesPerUnit[unit.uppercased()],
        let number = Int(text.dropLast())
      else { continue }
      let (kilobytes, overflow) = number.multipliedReportingOverflow(by: scale)
      if !overflow, let size = RecordedPageSize(kilobytes: kilobytes) { return size }
    }
    return .twoMegabytes
  }
}

// MARK: - Reading

extension RecordedMachine {
  init(_ field: RecordField) throws(RecordError) {
    architecture = try field.member("architecture").string()
    cpuCount = try field.member("cpus").integer(in: 1...8192)
    commandLine = try field.optional("command_line")?.string() ?? ""
    memoryMap = []
    for range in try field.member("memory_map").elements() {
      memoryMap.append(
        MemoryRange(
          addresses: try range.addressRange(), type: try range.member("type").string()))
    }
    nodeRanges = []
    for range in try field.optional("node_ranges")?.elements() ?? [] {
      nodeRanges.append(
        NodeRange(
          addresses: try range.addressRange(),
          node: try range.member("node").integer(in: 0...1023),
          isHotplugWindow: try range.optional("hotplug")?.bool() ?? false))
    }
  }
}

extension RecordField {
  /// The bytes from `start` up to, not including, `end`.
  fileprivate func addressRange() throws(RecordError) -> Range<UInt64> {
    let start = try member("start").address()
    let end = try member("end").address()
    guard start < end else {
      throw try member("end").malformed(expected: "an address above the range's start")
    }
    return start..<end
  }
}
