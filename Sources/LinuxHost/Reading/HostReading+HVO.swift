// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  static let knobPath = "/proc/sys/vm/hugetlb_optimize_vmemmap"

  /// Reads whether the kernel can optimise the vmemmap of huge pages, and whether it does.
  mutating func readHVO(_ architecture: String, _ kernel: KernelFacts) -> HVOSupport {
    var support = HVOSupport(state: .unknown, reason: .notReadable)
    support.bootParameter = kernel.commandLine.flatMap(Self.bootParameter)
    support.knob = readKnob()
    readConfiguration(kernel, into: &support)
    decide(&support, architecture, kernel.version)
    if support.reason == .knob {
      trace(.hvo, .read, Self.knobPath)
    } else if support.state != .unknown {
      trace(.hvo, .derived, "/proc/sys/kernel/osrelease", Self.knobPath)
    } else {
      noteMissing(Self.knobPath, "whether the kernel optimises huge pages is not known")
    }
    return support
  }

  private mutating func readKnob() -> Bool? {
    guard let word = line(Self.knobPath) else { return nil }
    switch word {
    case "0": return false
    case "1": return true
    default:
      note(Self.knobPath, "\(HostText.quote(word)) is neither 0 nor 1; ignored")
      return nil
    }
  }

  /// The text after the last `hugetlb_free_vmemmap=`.
  private static func bootParameter(_ commandLine: String) -> String? {
    let name = "hugetlb_free_vmemmap="
    return commandLine.words.last { $0.hasPrefix(name) }.map {
      HostText.printable($0.dropFirst(name.count))
    }
  }

  /// Reads the kernel's configuration where a distribution keeps it as plain text.
  ///
  /// The options had other names until 5.18: `HUGETLB_PAGE_FREE_VMEMMAP`.
  private mutating func readConfiguration(_ kernel: KernelFacts, into support: inout HVOSupport) {
    guard let release = kernel.release else { return }
    guard let text = files.text("/boot/config-\(release)") else { return }
    var options: Set<Substring> = []
    for line in text.lines where line.hasPrefix("CONFIG_HUGETLB_PAGE") && line.hasSuffix("=y") {
      options.insert(line.dropLast(2))
    }
    guard text.contains("CONFIG_") else { return }
    let names = ["CONFIG_HUGETLB_PAGE_OPTIMIZE_VMEMMAP", "CONFIG_HUGETLB_PAGE_FREE_VMEMMAP"]
    support.isConfigured = names.contains { options.contains($0[...]) }
    support.isDefaultOn = names.contains { options.contains("\($0)_DEFAULT_ON") }
  }

  /// Weighs the evidence: the knob, the version, the architecture, the configuration, in this
  /// order (spec 05 sections 15 and 18).
  private mutating func decide(
    _ support: inout HVOSupport, _ architecture: String, _ version: HostDescription.KernelVersion?
  ) {
    if let knob = support.knob {
      (support.state, support.reason) = (knob ? .on : .off, .knob)
    } else if let version, version < .init(5, 14) {
      (support.state, support.reason) = (.unavailable, .kernelTooOld)
    } else if let version, !Self.hasHVO(architecture, version) {
      (support.state, support.reason) = (.unavailable, .architecture)
    } else if support.isConfigured == false {
      (support.state, support.reason) = (.unavailable, .notConfigured)
    } else if let version, version < .init(5, 19), support.isConfigured == true {
      let isOn = support.bootParameter.map { $0 == "on" } ?? (support.isDefaultOn == true)
      (support.state, support.reason) = (isOn ? .on : .off, .bootParameterOnly)
    } else if let version, version >= .init(6, 0), hasOtherKnobs() {
      (support.state, support.reason) = (.unavailable, .knobAbsent)
    }
  }

  /// Whether another knob of huge pages is readable, so that a missing one is truly missing.
  private mutating func hasOtherKnobs() -> Bool {
    files.isMissing(Self.knobPath) && number("/proc/sys/vm/nr_hugepages") != nil
  }

  /// Whether any kernel of `version` has HVO on `architecture` (spec 05 section 18).
  ///
  /// Between the versions that the specification names, an architecture gets the benefit of the
  /// doubt: the knob and the configuration decide.
  private static func hasHVO(
    _ architecture: String, _ version: HostDescription.KernelVersion
  ) -> Bool {
    switch architecture {
    case "x86_64", "unknown": true
    case "riscv64", "loongarch64": version > .init(6, 1)
    case "s390x": version > .init(6, 1) && version < .init(7, 2)
    case "aarch64": version > .init(7, 2)
    default: false
    }
  }
}
