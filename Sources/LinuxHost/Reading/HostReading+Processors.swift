// SPDX-License-Identifier: Apache-2.0

/// What `/proc/cpuinfo` tells; its format differs between architectures.
struct ProcessorText {
  static let path = "/proc/cpuinfo"

  /// How many processors are listed.
  var count: UInt = 0
  /// The features of the first one, if the file lists features.
  var flags: Set<String>?
  /// Bits in a physical address (x86).
  var physicalAddressBits: UInt?
  /// The architecture whose format this is.
  var architecture: String?
}

extension HostReading {
  /// Reads `/proc/cpuinfo`.
  mutating func readProcessorText() -> ProcessorText {
    var facts = ProcessorText()
    for line in files.text(ProcessorText.path)?.lines ?? [] {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let value = parts[1].trimmed
      switch parts[0].trimmed {
      case "processor": facts.count += 1
      case "flags" where facts.flags == nil:
        facts.flags = Set(value.words.map { String($0) })
        if facts.flags?.contains("lm") == true { facts.architecture = "x86_64" }
      case "address sizes":
        let words = value.words
        guard words.dropFirst().first == "bits" else { continue }
        facts.physicalAddressBits = HostText.decimal(words[0]).flatMap { $0 <= 64 ? $0 : nil }
      case "CPU implementer": facts.architecture = "aarch64"
      case "isa" where value.hasPrefix("rv64"): facts.architecture = "riscv64"
      case "cpu" where value.hasPrefix("POWER"): facts.architecture = "ppc64le"
      case "CPU Family" where value.hasPrefix("Loongson"): facts.architecture = "loongarch64"
      case "vendor_id" where value == "IBM/S390": facts.architecture = "s390x"
      default: continue
      }
    }
    return facts
  }

  /// Reads which processors are online.
  mutating func readProcessors(_ text: ProcessorText) -> HostDescription.Processors {
    let isX86 = text.architecture == "x86_64"
    if text.flags == nil, text.count == 0 {
      noteMissing(ProcessorText.path, "what the processors' page tables can do is not known")
    }
    return .init(
      online: onlineProcessors(text),
      hasFiveLevelPaging: isX86 ? text.flags?.contains("la57") : nil,
      hasGigabytePages: isX86 ? text.flags?.contains("pdpe1gb") : nil,
      physicalAddressBits: text.physicalAddressBits)
  }

  private mutating func onlineProcessors(_ text: ProcessorText) -> [Int] {
    let path = "/sys/devices/system/cpu/online"
    if let line = line(path) {
      if let list = HostText.list(line, below: HostText.processorLimit), !list.isEmpty {
        trace(.processors, .read, path)
        return list
      }
      note(path, "\(HostText.quote(line)) is no list of processors; ignored")
    }
    if text.count > 0, text.count <= HostText.processorLimit {
      trace(.processors, .derived, ProcessorText.path)
      return Array(0..<Int(text.count))
    }
    trace(.processors, .assumed)
    noteMissing(path, "one processor assumed")
    return [0]
  }
}
