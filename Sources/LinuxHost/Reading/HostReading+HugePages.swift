// SPDX-License-Identifier: Apache-2.0

extension HostReading {
  static let poolFolder = "/sys/kernel/mm/hugepages"

  /// Reads which huge page sizes there are, in bytes, ascending.
  ///
  /// - Returns: the default size alone where `/sys` is not readable, nothing where the host has
  ///   no huge pages.
  mutating func readHugePageSizes(_ totals: Meminfo) -> [UInt] {
    if let names = files.names(Self.poolFolder) {
      return names.compactMap { name in
        guard name.hasPrefix("hugepages-"), name.hasSuffix("kB"),
          let kilobytes = HostText.canonicalDecimal(name.dropFirst(10).dropLast(2)),
          let size = HostText.bytes(kilobytes, of: 1 << 10).flatMap(Self.plausibleHugePage)
        else { return nil }
        files.sawDirectory("\(Self.poolFolder)/\(name)")
        return size
      }.sorted()
    }
    noteMissing(Self.poolFolder, "only the default huge page size of /proc/meminfo is known")
    return totals["Hugepagesize"].flatMap(Self.plausibleHugePage).map { [$0] } ?? []
  }

  private static func plausibleHugePage(_ size: UInt) -> UInt? {
    size.nonzeroBitCount == 1 && size >= 8 << 10 && size <= 1 << 44 ? size : nil
  }

  /// Reads the counts of the pools (spec 10 section 2).
  mutating func readHugePages(
    _ sizes: [UInt], _ totals: Meminfo
  ) -> [HostDescription.HugePages] {
    // The knob of the default pool; its presence also tells that /proc/sys is readable.
    let defaultCount = number("/proc/sys/vm/nr_hugepages")
    let defaultSize = totals["Hugepagesize"]
    if !sizes.isEmpty { trace(.hugePages, .read, Self.poolFolder, "/proc/meminfo") }
    return sizes.map { size in
      let isDefault = size == defaultSize
      let folder = "\(Self.poolFolder)/hugepages-\(size >> 10)kB"
      var pool = HostDescription.HugePages(
        pageBytes: size, isDefault: isDefault, total: number(folder + "/nr_hugepages"),
        free: number(folder + "/free_hugepages"), reserved: number(folder + "/resv_hugepages"),
        surplus: number(folder + "/surplus_hugepages"),
        overcommit: number(folder + "/nr_overcommit_hugepages"))
      if isDefault { fill(&pool, from: totals, defaultCount) }
      return pool
    }
  }

  /// Takes what `/sys` did not tell about the default pool from `/proc`.
  private mutating func fill(
    _ pool: inout HostDescription.HugePages, from totals: Meminfo, _ count: UInt?
  ) {
    pool.total = pool.total ?? totals["HugePages_Total"] ?? count
    pool.free = pool.free ?? totals["HugePages_Free"]
    pool.reserved = pool.reserved ?? totals["HugePages_Rsvd"]
    pool.surplus = pool.surplus ?? totals["HugePages_Surp"]
    pool.overcommit = pool.overcommit ?? number("/proc/sys/vm/nr_overcommit_hugepages")
  }

  /// Reads the kernel's count of vmemmap pages from `/proc/vmstat`.
  mutating func readVmemmapPages() -> HostDescription.VmemmapPages {
    var pages = HostDescription.VmemmapPages()
    var faults = LineFaults()
    for line in files.text("/proc/vmstat")?.lines ?? [] where line.hasPrefix("nr_memmap_") {
      let words = line.words
      let value = words.count == 2 ? HostText.decimal(words[1]) : nil
      switch words[0] {
      case "nr_memmap_pages": pages.runTime = value
      case "nr_memmap_boot_pages": pages.boot = value
      default: continue
      }
      if value == nil { faults.add(line) }
    }
    note(faults, in: "/proc/vmstat")
    if pages.boot != nil { trace(.vmemmapPages, .read, "/proc/vmstat") }
    return pages
  }

  /// Reads whether hot-added memory holds its own vmemmap.
  mutating func readMemmapOnMemory() -> HostDescription.MemmapOnMemory? {
    let path = "/sys/module/memory_hotplug/parameters/memmap_on_memory"
    guard let word = line(path) else { return nil }
    trace(.memmapOnMemory, .read, path)
    switch word {
    case "N", "0": return .off
    case "Y", "1": return .on
    case "force": return .force
    default:
      note(path, "\(HostText.quote(word)) is no setting; ignored")
      return nil
    }
  }
}
