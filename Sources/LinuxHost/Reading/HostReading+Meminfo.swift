// SPDX-License-Identifier: Apache-2.0

/// The fields of a `meminfo` file: sizes in bytes, counts as they are.
struct Meminfo {
  fileprivate(set) var values: [String: UInt] = [:]

  /// The field `name`, or `nil` if the file has no such line or its number makes no sense.
  subscript(name: String) -> UInt? { values[name] }
}

extension HostReading {
  /// Reads a `meminfo` file; a node's own file has two more words before each name.
  mutating func readMeminfo(_ path: String, fieldsAfterWords skipped: Int) -> Meminfo {
    var info = Meminfo()
    guard let text = files.text(path) else { return info }
    var faults = LineFaults()
    for line in text.lines {
      let words = line.words.dropFirst(skipped)
      guard let name = words.first, name.last == ":", let value = Self.meminfoValue(words) else {
        faults.add(line)
        continue
      }
      info.values[String(name.dropLast())] = value
    }
    note(faults, in: path)
    return info
  }

  /// The value of one line: a size must say `kB`, only the counts of huge pages go without, so a
  /// number that was cut off is never taken for a whole one.
  private static func meminfoValue(_ words: ArraySlice<Substring>) -> UInt? {
    guard let name = words.first,
      let number = words.dropFirst().first.flatMap({ HostText.decimal($0) })
    else { return nil }
    if name.hasPrefix("HugePages_") { return words.count == 2 ? number : nil }
    guard words.count == 3, words.last == "kB" else { return nil }
    // The size of the vmalloc area is an address range, not memory: any number is fine there.
    return name.hasPrefix("Vmalloc") ? number : HostText.bytes(number, of: 1 << 10)
  }

  /// The totals that a description keeps.
  mutating func memoryTotals(_ info: Meminfo) -> HostDescription.MemoryTotals {
    let path = "/proc/meminfo"
    if info["MemTotal"] == nil {
      noteMissing(path, "MemTotal is not known")
    } else {
      trace(.memoryTotals, .read, path)
    }
    let directMap = info.values.compactMap { name, bytes -> HostDescription.DirectMap? in
      guard name.hasPrefix("DirectMap"), let size = HostText.size(name.dropFirst(9)) else {
        return nil
      }
      return .init(pageBytes: size, bytes: bytes)
    }
    return .init(
      total: info["MemTotal"].flatMap { $0 > 0 ? $0 : nil }, free: info["MemFree"],
      available: info["MemAvailable"], hugeTLB: info["Hugetlb"],
      directMap: directMap.sorted { $0.pageBytes < $1.pageBytes })
  }
}
