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
  /// Its number within the family; 0 for a law of the pools that the specification does not number.
  public let number: UInt8

  static func physical(_ number: UInt8) -> Self { Self(family: .physical, number: number) }
  static func buddy(_ number: UInt8) -> Self { Self(family: .buddy, number: number) }
  static func pageTables(_ number: UInt8) -> Self { Self(family: .pageTables, number: number) }
  static func population(_ number: UInt8) -> Self { Self(family: .population, number: number) }
  static func folding(_ number: UInt8) -> Self { Self(family: .folding, number: number) }
  static func hotplug(_ number: UInt8) -> Self { Self(family: .hotplug, number: number) }
  static func pools(_ number: UInt8) -> Self { Self(family: .pools, number: number) }
  static func vmalloc(_ number: UInt8) -> Self { Self(family: .vmalloc, number: number) }

  static func devices(_ number: UInt8) -> Self { Self(family: .devices, number: number) }

  /// A list is linked as its members say.
  static let soundList = Self(family: .whole, number: 1)
  /// A frame has one owner.
  static let oneOwner = Self(family: .whole, number: 2)
  /// A count is what counting again gives.
  static let recount = Self(family: .whole, number: 3)
  /// No TLB leads to a frame that the vmemmap has lost.
  static let freshCache = Self(family: .whole, number: 5)
  /// A page that says "folded" is mapped folded, and no other.
  static let markMatchesMapping = Self(family: .whole, number: 6)

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

/// Something that is never so in a subsystem at rest, but was.
public struct InvariantViolation: Equatable, Sendable {
  /// What the violation was found at.
  public enum Subject: Equatable, Sendable {
    /// The subsystem as a whole.
    case subsystem
    case frame(PageFrameNumber)
    case section(SectionNumber)
    case node(NodeID)
    case zone(NodeID, ZoneKind)
    /// The pool of pages of an order.
    case pool(PageOrder)
    case address(VirtualAddress)
    /// What a CPU's TLB holds for an address.
    case cachedAddress(CPUID, VirtualAddress)
  }

  /// The law that does not hold.
  public var predicate: InvariantPredicate
  /// What it was found at.
  public var subject: Subject
  /// The number that should be.
  public var wanted: UInt
  /// The number that is.
  public var found: UInt
  /// The law in words.
  public var rule: StaticString

  /// The words are no part of what a violation is.
  public static func == (a: Self, b: Self) -> Bool {
    a.predicate == b.predicate && a.subject == b.subject && a.wanted == b.wanted
      && a.found == b.found
  }
}

extension InvariantViolation {
  /// Appends a line for people: `P-HVO 3: frame 5120: …: wanted 77, found 78`.
  public func describe(to sink: inout TextSink) {
    predicate.write(to: &sink)
    sink.append(": ")
    describeSubject(to: &sink)
    sink.append(rule)
    sink.append(": wanted ")
    sink.appendDecimal(wanted)
    sink.append(", found ")
    sink.appendDecimal(found)
    sink.newline()
  }

  private func describeSubject(to sink: inout TextSink) {
    switch subject {
    case .subsystem: return
    case .frame(let pfn):
      sink.append("frame ")
      sink.appendDecimal(pfn.rawValue)
    case .section(let number):
      sink.append("section ")
      sink.appendDecimal(number.rawValue)
    case .node(let node):
      sink.append("node ")
      sink.appendDecimal(UInt(node.rawValue))
    case .zone(let node, let kind):
      sink.append("node ")
      sink.appendDecimal(UInt(node.rawValue))
      sink.append(", zone ")
      sink.append(kind.name)
    case .pool(let order):
      sink.append("pool of order ")
      sink.appendDecimal(UInt(order.rawValue))
    case .address(let address):
      sink.append("address 0x")
      sink.appendHex(address.rawValue)
    case .cachedAddress(let cpu, let address):
      sink.append("CPU ")
      sink.appendDecimal(UInt(cpu.rawValue))
      sink.append(", address 0x")
      sink.appendHex(address.rawValue)
    }
    sink.append(": ")
  }
}
