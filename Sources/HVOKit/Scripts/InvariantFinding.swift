// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// An invariant that does not hold, for people and for programs.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct InvariantFinding: Codable, Equatable, Sendable {
  /// The law, such as `P-HVO 5`.
  public var law: String
  /// Which part of the law, as ``InvariantRule`` calls it.
  public var rule: String
  /// What should be so.
  public var sentence: String
  /// Where it is not, such as `frame 5120`; nil for the subsystem as a whole.
  public var place: String?
  /// What should be there.
  public var wanted: String
  /// What is there.
  public var found: String
  /// The files of the repository that explain it.
  public var explainedIn: [String]

  /// Tells about `violation`.
  init(_ violation: InvariantViolation) {
    law = Self.text { violation.predicate.write(to: &$0) }
    rule = "\(violation.rule)"
    sentence = "\(violation.rule.sentence)"
    let subject = Self.text { violation.describeSubject(to: &$0) }
    place = subject.isEmpty ? nil : subject
    wanted = Self.text { violation.describeWanted(to: &$0) }
    found = Self.text { violation.describeFound(to: &$0) }
    let family = violation.predicate.family
    explainedIn = [
      "\(Self.table)#\(family.heading.anchor)", "Documentation/Design/\(family.essay)",
    ]
  }

  private static let table = "Documentation/Design/Invariants.md"

  private static func text(_ write: (inout TextSink) -> Void) -> String {
    var sink = TextSink()
    write(&sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }

  /// The line for people.
  public var line: String {
    "\(law): \(place.map { "\($0): " } ?? "")\(sentence): wanted \(wanted), found \(found)"
  }

  /// The lines for people: what was found, and then where each law is explained.
  static func lines(_ findings: [Self]) -> [String] {
    var places: [String] = []
    for finding in findings {
      let place = "see \(finding.explainedIn.joined(separator: " and "))"
      if !places.contains(place) { places.append(place) }
    }
    return findings.map(\.line) + places
  }
}

extension InvariantPredicate.Family {
  /// The heading of its table of laws.
  var heading: String {
    switch self {
    case .physical: "P-PHYS: memory, zones, sections, descriptors"
    case .buddy: "P-BUDDY: free memory"
    case .pageTables: "P-PT: page tables"
    case .population: "P-POP: what the descriptors live in"
    case .folding: "P-HVO: folded descriptors"
    case .pools: "P-POOL: pools"
    case .devices: "P-DEV: memory of devices"
    case .vmalloc: "P-VMALLOC: vmalloc areas"
    case .hotplug: "P-MHP: memory that comes and goes"
    case .whole: "Laws of our own"
    }
  }

  /// The essay about what the laws are of.
  var essay: String {
    switch self {
    case .physical: "MemoryModel.md"
    case .buddy: "PageAllocator.md"
    case .pageTables: "PageTables.md"
    case .population, .folding: "Vmemmap.md"
    case .pools: "HugeTLB.md"
    case .devices: "ZoneDevice.md"
    case .vmalloc: "Vmalloc.md"
    case .hotplug: "Hotplug.md"
    case .whole: "Subsystem.md"
    }
  }
}

extension String {
  /// What a link to the heading ends with, where Markdown is shown.
  fileprivate var anchor: String {
    String(
      lowercased().compactMap { character in
        if character == " " { return "-" }
        return character.isLetter || character.isNumber || character == "-" ? character : nil
      })
  }
}
