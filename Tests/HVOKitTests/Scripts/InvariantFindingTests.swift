// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit
@testable import KernelMemory

/// The repository, as far as documents and tests of it are compared.
private enum Repository {
  static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  static func has(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }
}

/// A row of the tables of laws.
private struct LawRow {
  let laws: [String]
  let place: String

  /// The rows in the document.
  static func all() throws -> [LawRow] {
    var family = ""
    var rows: [LawRow] = []
    for line in try Repository.text("Documentation/Design/Invariants.md").split(separator: "\n") {
      if line.hasPrefix("### ") {
        let title = line.dropFirst(4)
        family = title.hasPrefix("P-") ? String(title.prefix { $0 != ":" }) : ""
      } else if line.hasPrefix("| ") {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        let laws = Self.laws(cells[0], of: family)
        if !laws.isEmpty, cells.count == 3 { rows.append(LawRow(laws: laws, place: cells[2])) }
      }
    }
    return rows
  }

  /// The laws that `1, 3–5` or `I 2` names.
  private static func laws(_ cell: String, of family: String) -> [String] {
    if cell.hasPrefix("I "), Int(cell.dropFirst(2)) != nil { return [cell] }
    return cell.components(separatedBy: ", ").flatMap { part -> [String] in
      let ends = part.split(separator: "–").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last else { return [] }
      return (first...last).map { "\(family) \($0)" }
    }
  }

  /// Whether a part of the check looks at these laws.
  var isChecked: Bool { place.hasPrefix("state, ") }

  /// The files of tests that it names.
  var tests: [String] {
    place.split(separator: "`").filter { $0.hasSuffix("Tests") && $0.contains("/") }
      .map { "Tests/KernelMemoryTests/\($0).swift" }
  }

  /// Laws that say the same.
  var others: [String] {
    guard place.hasPrefix("state: ") else { return [] }
    let names = place.dropFirst(7).prefix { $0 != ";" }
    return names.components(separatedBy: ", ").filter { $0.hasPrefix("P-") || $0.hasPrefix("I ") }
  }
}

@Suite struct `What is said of invariants` {
  private var checked: Set<String> {
    Set(InvariantRule.allCases.map { finding($0).law })
  }

  private func finding(
    _ rule: InvariantRule, _ subject: InvariantViolation.Subject = .subsystem,
    wanted: UInt? = nil, found: UInt? = nil
  ) -> InvariantFinding {
    InvariantFinding(
      InvariantViolation(rule: rule, subject: subject, wanted: wanted, found: found))
  }

  @Test func `the document names the laws that the check knows, and no others`() throws {
    let named = Set(try LawRow.all().filter(\.isChecked).flatMap(\.laws))
    #expect(named.subtracting(checked) == [], "not checked")
    #expect(checked.subtracting(named) == [], "not in the document")
  }

  @Test func `what the document calls the same is checked`() throws {
    for row in try LawRow.all() where row.place.hasPrefix("state: ") {
      #expect(!row.others.isEmpty, "\(row)")
      #expect(row.others.filter { !checked.contains($0) } == [], "\(row)")
    }
  }

  @Test func `tests that the document names speak of their laws`() throws {
    for row in try LawRow.all() {
      var missing = row.laws
      for path in row.tests {
        let text = try Repository.text(path)
        let found = row.laws.filter { law in
          text.components(separatedBy: law).dropFirst().contains { $0.first?.isNumber != true }
        }
        #expect(!found.isEmpty, "\(path) has nothing on \(row.laws)")
        missing.removeAll { found.contains($0) }
      }
      #expect(row.tests.isEmpty || row.isChecked || missing.isEmpty, "\(missing): \(row.place)")
    }
  }

  @Test func `each law is checked, tested, or nothing of ours`() throws {
    for row in try LawRow.all() {
      let isPlaced =
        row.isChecked || !row.others.isEmpty || !row.tests.isEmpty
        || row.place.hasPrefix("none: ") || row.laws == ["P-VMALLOC 19"]
      #expect(isPlaced, "\(row)")
    }
  }

  @Test(arguments: InvariantRule.allCases)
  func `each rule is explained where it says`(_ rule: InvariantRule) throws {
    for place in finding(rule).explainedIn {
      let parts = place.split(separator: "#").map { String($0) }
      #expect(Repository.has(parts[0]))
      guard parts.count > 1 else { continue }
      let headings = try Repository.text(parts[0]).split(separator: "\n")
        .filter { $0.hasPrefix("### ") }.map { letters(String($0)) }
      #expect(headings.contains(letters(parts[1])), "\(place)")
      #expect(parts[1].hasPrefix(family(of: finding(rule).law)))
    }
  }

  private func letters(_ text: String) -> String {
    text.lowercased().filter { $0.isLetter || $0.isNumber }
  }

  /// How the anchor of a law's table begins.
  private func family(of law: String) -> String {
    law.hasPrefix("I ") ? "laws-of-our-own" : String(law.lowercased().prefix { $0 != " " }) + "-"
  }

  @Test func `a person reads words where there are no numbers`() {
    let address = VirtualAddress(0xffff_ea00_00fb_3000)
    #expect(
      finding(.tailReadOnly, .address(address)).line
        == "P-HVO 5: address 0xffffea0000fb3000: tails of a folded page cannot be written: "
        + "wanted read-only, found writable")
    #expect(
      finding(.freshCache, .cachedAddress(CPUID(1), address), wanted: .max, found: 77).line
        == "I 5: CPU 1, address 0xffffea0000fb3000: a TLB holds what the tables say: "
        + "wanted no frame, found frame 77")
    #expect(
      finding(.oneOwner, .frameOfTwo(PageFrameNumber(5), .pool, .freeList)).line
        == "I 2: frame 5 of a pool and a free list: a frame has one owner: "
        + "wanted one owner, found two")
    #expect(
      finding(.managedTotal, wanted: 7, found: 9).line
        == "P-PHYS 4: the zones' managed pages add up to the total: "
        + "wanted 7 pages, found 9 pages")
  }

  @Test func `the core says the same in its own words`() {
    for rule in InvariantRule.allCases {
      let violation = InvariantViolation(
        rule: rule, subject: .frame(PageFrameNumber(3)), wanted: 1, found: 2)
      var sink = TextSink()
      violation.describe(to: &sink)
      #expect(
        String(decoding: sink.bytes, as: UTF8.self) == InvariantFinding(violation).line + "\n")
    }
  }

  @Test func `where laws are explained is said once, behind what was found`() {
    let lines = InvariantFinding.lines([
      finding(.tailReadOnly), finding(.tailHead), finding(.oneOwner),
    ])
    #expect(lines.count == 5)
    #expect(
      lines[3] == "see Documentation/Design/Invariants.md#p-hvo-folded-descriptors and "
        + "Documentation/Design/Vmemmap.md")
    #expect(
      lines[4].hasSuffix("Invariants.md#laws-of-our-own and Documentation/Design/Subsystem.md"))
  }
}
