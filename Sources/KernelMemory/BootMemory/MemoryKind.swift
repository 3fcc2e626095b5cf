// SPDX-License-Identifier: Apache-2.0

/// What the firmware says a range of physical memory is.
///
/// Raw values are the numbers of the x86 firmware interface. Where ranges overlap the larger number
/// wins, so that doubt never makes memory usable.
///
/// - Linux: `enum e820_type`.
public enum MemoryKind: UInt32, CaseIterable, Comparable, Sendable {
  /// Memory for the kernel to use.
  case usable = 1
  /// Not memory, or memory that belongs to the firmware.
  case reserved = 2
  /// Firmware tables, which could be reclaimed once read.
  case acpi = 3
  /// Memory that the firmware keeps over sleep.
  case nvs = 4
  /// Memory with errors.
  case unusable = 5
  /// Persistent memory.
  case persistent = 7
  /// Persistent memory in the way of before the standard, and of `memmap=nn!ss`.
  case legacyPersistent = 12
  /// Memory meant for one purpose, kept out of the general pool.
  case softReserved = 0xEFFF_FFFF

  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The name that the boot log prints.
  public var name: StaticString {
    switch self {
    case .usable: "usable"
    case .reserved: "reserved"
    case .acpi: "ACPI data"
    case .nvs: "ACPI NVS"
    case .unusable: "unusable"
    case .persistent: "persistent (type 7)"
    case .legacyPersistent: "persistent (type 12)"
    case .softReserved: "soft reserved"
    }
  }

  /// The name that `/proc/iomem` prints.
  public var resourceName: StaticString {
    switch self {
    case .usable: "System RAM"
    case .reserved: "Reserved"
    case .acpi: "ACPI Tables"
    case .nvs: "ACPI Non-volatile Storage"
    case .unusable: "Unusable memory"
    case .persistent: "Persistent Memory"
    case .legacyPersistent: "Persistent Memory (legacy)"
    case .softReserved: "Soft Reserved"
    }
  }

  /// The kind with the firmware's number `number`; numbers that nobody assigned are reserved.
  public init(number: UInt) {
    self = UInt32(exactly: number).flatMap(Self.init(rawValue:)) ?? .reserved
  }

  /// The kind that `text` names: as the boot log does, as `/proc/iomem` does, or by number.
  public init?(named text: ArraySlice<UInt8>) {
    let text = text.trimmingSpaces
    for kind in Self.allCases
    where kind.name.isEqual(to: text) || kind.resourceName.isEqual(to: text) {
      self = kind
      return
    }
    guard let kind = Self(shortName: text) ?? Self(numbered: text) else { return nil }
    self = kind
  }

  private init?(shortName text: ArraySlice<UInt8>) {
    let names: [(StaticString, Self)] = [
      ("acpi", .acpi), ("nvs", .nvs), ("persistent", .persistent), ("pmem", .persistent),
      ("soft-reserved", .softReserved), ("device reserved", .reserved),
    ]
    for (name, kind) in names where name.isEqual(to: text) {
      self = kind
      return
    }
    return nil
  }

  /// The kind in `type 20` or plain `20`.
  private init?(numbered text: ArraySlice<UInt8>) {
    let number = ("type " as StaticString).isPrefix(of: text) ? text.dropFirst(5) : text
    guard let value = try? Parsing.sysfsUnsigned(number) else { return nil }
    self.init(number: value)
  }
}
