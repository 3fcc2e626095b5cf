// SPDX-License-Identifier: Apache-2.0

/// The places that list the physical address space by range: `/proc/iomem` and the firmware's map.
extension HostReading {
  typealias MapEntry = HostDescription.MemoryMapEntry
  typealias MemoryKind = HostDescription.MemoryKind

  /// More ranges of memory than any host has.
  static let rangeLimit = 8192
  static let resourcePath = "/proc/iomem"
  static let firmwareFolder = "/sys/firmware/memmap"

  /// Reads the ranges of `/proc/iomem` that are memory or kept by the firmware.
  ///
  /// Device windows are left out. Memory that a driver brought hangs below its device, so it is
  /// taken from any depth (spec 10 section 8).
  ///
  /// - Returns: nothing where the addresses are hidden, which a note says.
  mutating func readResources() -> [MapEntry] {
    guard let text = files.text(Self.resourcePath) else {
      noteMissing(Self.resourcePath, "other files used for the memory map")
      return []
    }
    var entries: [MapEntry] = []
    var faults = LineFaults()
    var hiddenCount = 0
    for line in text.lines {
      let isTop = line.first != " "
      guard let (range, name) = Self.resource(line) else {
        faults.add(line)
        continue
      }
      guard let kind = isTop ? Self.kind(name) : Self.driverKind(name) else { continue }
      guard entries.count < Self.rangeLimit else {
        faults.add(line)
        continue
      }
      if range.lowerBound == 0, range.count == 1 { hiddenCount += 1 }
      entries.append(.init(start: range.lowerBound, end: range.upperBound, kind: kind))
    }
    note(faults, in: Self.resourcePath)
    guard hiddenCount == entries.count else { return Self.sanitized(entries) }
    note(
      Self.resourcePath,
      hiddenCount > 0
        ? "shows no addresses without root rights; other files used for the memory map"
        : "lists no memory; other files used for the memory map")
    return []
  }

  /// Splits a line such as `00100000-bfffffff : System RAM`.
  private static func resource(_ line: Substring) -> (Range<UInt>, String)? {
    guard let colon = line.firstRange(of: " : ") else { return nil }
    let ends = line[..<colon.lowerBound].trimmed.split(separator: "-")
    guard ends.count == 2, let first = HostText.hexadecimal(ends[0]),
      let last = HostText.hexadecimal(ends[1]), let range = plausibleRange(first, last)
    else { return nil }
    return (range, line[colon.upperBound...].trimmed)
  }

  /// Reads the map that the firmware gave the kernel (x86).
  mutating func readFirmwareMap() -> [MapEntry] {
    let folder = Self.firmwareFolder
    guard let numbers = files.numbers(after: "", in: folder) else { return [] }
    var entries: [MapEntry] = []
    for number in numbers.prefix(Self.rangeLimit) {
      let path = "\(folder)/\(number)"
      guard let first = line(path + "/start").flatMap({ HostText.hexadecimal($0) }),
        let last = line(path + "/end").flatMap({ HostText.hexadecimal($0) }),
        let range = Self.plausibleRange(first, last), let name = line(path + "/type")
      else {
        note(folder, "some entries are not readable or make no sense; ignored")
        continue
      }
      let kind = Self.kind(name) ?? .reserved
      entries.append(.init(start: range.lowerBound, end: range.upperBound, kind: kind))
    }
    return Self.sanitized(entries)
  }

  /// The half-open range from `first` to `last`, unless no machine has such addresses.
  private static func plausibleRange(_ first: UInt, _ last: UInt) -> Range<UInt>? {
    first <= last && last < HostText.addressLimit ? first..<(last + 1) : nil
  }

  /// What the kernel's name of a range stands for; `nil` for device windows.
  private static func kind(_ name: String) -> MemoryKind? {
    switch name {
    case "System RAM": .usable
    case "Reserved", "reserved", "Unknown E820 type", "Device Reserved": .reserved
    case "ACPI Tables": .firmwareTables
    case "ACPI Non-volatile Storage": .firmwareStorage
    case "Soft Reserved": .softReserved
    case "Persistent Memory", "Persistent Memory (legacy)": .persistent
    case "Unusable memory": .unusable
    default: driverKind(name)
    }
  }

  private static func driverKind(_ name: String) -> MemoryKind? {
    name.hasPrefix("System RAM (") ? .driverManaged : nil
  }

  /// Sorts a map and resolves overlaps: where two entries claim an address, the one that must not
  /// be used as plain memory wins; memory of a driver wins over the device that it is part of.
  static func sanitized(_ entries: [MapEntry]) -> [MapEntry] {
    let precedence: [MemoryKind] = [
      .unusable, .firmwareStorage, .firmwareTables, .offline, .driverManaged, .persistent,
      .softReserved, .reserved, .usable,
    ]
    var taken = RangeSet<UInt>()
    var result: [MapEntry] = []
    for kind in precedence {
      let ranges = entries.ranges { $0 == kind }
      let free = ranges.subtracting(taken)
      result += free.ranges.map { .init(start: $0.lowerBound, end: $0.upperBound, kind: kind) }
      taken.formUnion(ranges)
    }
    return result.sorted { $0.start < $1.start }
  }
}
