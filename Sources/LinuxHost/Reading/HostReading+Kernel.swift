// SPDX-License-Identifier: Apache-2.0

/// Which kernel runs.
struct KernelFacts {
  var release: String?
  var version: HostDescription.KernelVersion?
  var commandLine: String?
}

extension HostReading {
  /// Reads the kernel's release and command line.
  mutating func readKernel() -> KernelFacts {
    var kernel = KernelFacts()
    let releasePath = "/proc/sys/kernel/osrelease"
    if let line = line(releasePath) {
      kernel.release = HostText.identifier(line)
      if kernel.release == nil { note(releasePath, "\(HostText.quote(line)) is no release name") }
    } else if let words = line("/proc/version")?.words, words.count > 2, words[1] == "version" {
      kernel.release = HostText.identifier(words[2])
    }
    kernel.version = kernel.release.flatMap(Self.version)
    if kernel.release != nil {
      trace(.kernelRelease, .read, releasePath)
    } else {
      noteMissing(releasePath, "the kernel's version is not known")
    }
    if let text = files.text("/proc/cmdline")?.trimmed, !text.isEmpty {
      kernel.commandLine = HostText.printable(text, limit: 64 << 10)
      trace(.commandLine, .read, "/proc/cmdline")
    } else {
      noteMissing("/proc/cmdline", "the boot parameters are not known")
    }
    return kernel
  }

  /// The first two numbers of a release such as `6.12.95-amd64`.
  static func version(_ release: String) -> HostDescription.KernelVersion? {
    let parts = release.split(separator: ".", maxSplits: 2).prefix(2).map { part in
      HostText.decimal(part.prefix { $0.isASCII && $0.isNumber })
    }
    guard parts.count == 2, let major = parts[0], let minor = parts[1] else { return nil }
    return .init(major, minor)
  }

  /// The machine's name: from the kernel itself, else from what other files look like.
  mutating func readArchitecture(_ kernel: KernelFacts, _ processors: ProcessorText) -> String {
    if let machine = files.identity.machine {
      trace(.architecture, .read, "uname -m")
      return machine
    }
    if let name = processors.architecture {
      trace(.architecture, .derived, ProcessorText.path)
      return name
    }
    if let name = kernel.release.flatMap(Self.architecture) {
      trace(.architecture, .derived, "/proc/sys/kernel/osrelease")
      return name
    }
    trace(.architecture, .assumed)
    note(ProcessorText.path, "nothing tells the architecture")
    return "unknown"
  }

  /// The architecture that distributions put at the end of a release.
  private static func architecture(ofRelease release: String) -> String? {
    let names = [
      ("amd64", "x86_64"), ("x86_64", "x86_64"), ("arm64", "aarch64"), ("aarch64", "aarch64"),
      ("riscv64", "riscv64"), ("ppc64le", "ppc64le"), ("powerpc64le", "ppc64le"),
      ("loongarch64", "loongarch64"), ("loong64", "loongarch64"), ("s390x", "s390x"),
    ]
    return names.first { release.contains($0.0) }?.1
  }

  /// Bytes in a base page: from the kernel itself, else worked out.
  ///
  /// The pages of all zones are `MemTotal` (spec 10 section 13, predicate 12), so the two give the
  /// size of one page.
  mutating func readPageSize(
    _ architecture: String, _ totals: Meminfo, _ zones: [HostDescription.Zone], _ pools: [UInt]
  ) -> UInt {
    if let size = files.identity.pageSize {
      trace(.pageSize, .read, "getconf PAGESIZE")
      return size
    }
    let managed = zones.reduce(UInt(0)) { $0 &+ min($1.managedPages, HostText.addressLimit) }
    if let total = totals["MemTotal"], managed > 0 {
      let sizes: [UInt] = [4 << 10, 16 << 10, 64 << 10]
      let match = sizes.first { size in
        guard let bytes = HostText.bytes(managed, of: size) else { return false }
        return max(bytes, total) - min(bytes, total) <= total / 50
      }
      if let match {
        trace(.pageSize, .derived, "/proc/meminfo", "/proc/zoneinfo")
        return match
      }
    }
    let size = Self.usualPageSize(architecture, pools)
    trace(.pageSize, .assumed)
    note("/proc/zoneinfo", "nothing tells the page size; \(size) bytes assumed")
    return size
  }

  /// The page size that fits an architecture and the huge page sizes it offers.
  private static func usualPageSize(_ architecture: String, _ pools: [UInt]) -> UInt {
    switch architecture {
    case "aarch64":
      if pools.contains(512 << 20) { return 64 << 10 }
      return pools.contains(32 << 20) && !pools.contains(64 << 10) ? 16 << 10 : 4 << 10
    case "ppc64", "ppc64le": return 64 << 10
    case "loongarch64": return 16 << 10
    default: return 4 << 10
    }
  }
}
