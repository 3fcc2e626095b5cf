// SPDX-License-Identifier: Apache-2.0

/// Which law of the subsystem is meant: a family and a number.
///
/// `Documentation/Design/Invariants.md` lists them all, with the place where each is checked.
public struct InvariantPredicate: Equatable, Sendable {
  /// What the law is about.
  public enum Family: UInt8, Sendable {
    /// Memory, zones, sections and single descriptors (spec 01).
    case physical
    /// Free memory (spec 02).
    case buddy
    /// The tables of the kernel's address space (spec 03).
    case pageTables
    /// What the descriptors live in (spec 04).
    case population
    /// Folded descriptors (spec 05).
    case folding
    /// Huge pages (spec 06).
    case pools
    /// Memory of devices (spec 07).
    case devices
    /// Vmalloc areas (spec 09).
    case vmalloc
    /// Memory that comes and goes (spec 08).
    case hotplug
    /// The subsystem as a whole: every frame has one owner, counts are recounts, TLBs are fresh.
    case whole
  }

  /// What the law is about.
  public let family: Family
  /// Its number within the family.
  public let number: UInt8

  static func physical(_ number: UInt8) -> Self { Self(family: .physical, number: number) }
  static func buddy(_ number: UInt8) -> Self { Self(family: .buddy, number: number) }
  static func pageTables(_ number: UInt8) -> Self { Self(family: .pageTables, number: number) }
  static func population(_ number: UInt8) -> Self { Self(family: .population, number: number) }
  static func folding(_ number: UInt8) -> Self { Self(family: .folding, number: number) }
  static func hotplug(_ number: UInt8) -> Self { Self(family: .hotplug, number: number) }
  static func pools(_ number: UInt8) -> Self { Self(family: .pools, number: number) }
  static func vmalloc(_ number: UInt8) -> Self { Self(family: .vmalloc, number: number) }
  static func whole(_ number: UInt8) -> Self { Self(family: .whole, number: number) }
  static func devices(_ number: UInt8) -> Self { Self(family: .devices, number: number) }

  /// Appends the name, such as `P-HVO 3`.
  public func write(to sink: inout TextSink) {
    switch family {
    case .physical: sink.append("P-PHYS ")
    case .buddy: sink.append("P-BUDDY ")
    case .pageTables: sink.append("P-PT ")
    case .population: sink.append("P-POP ")
    case .folding: sink.append("P-HVO ")
    case .pools: sink.append("P-POOL ")
    case .devices: sink.append("P-DEV ")
    case .vmalloc: sink.append("P-VMALLOC ")
    case .hotplug: sink.append("P-MHP ")
    case .whole: sink.append("I ")
    }
    sink.appendDecimal(UInt(number))
  }
}
