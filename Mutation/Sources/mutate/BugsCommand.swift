// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import SeededBugs

struct BugsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bugs",
    abstract: "The bugs of Mutation/Bugs, one at a time: does torture notice, or a test?")

  @OptionGroup var options: RunOptions

  @Option(help: "Only bugs with these ids, again even if it is known who finds them.")
  var only: [String] = []

  @Flag(help: "Look whether each bug still has its place in the sources, and end.")
  var check = false

  @Flag(help: "Put the table into Documentation/Design/SeededBugs.md.")
  var write = false

  func run() throws {
    let copy = try options.copy("bugs")
    let bugs = try Self.bugs(in: copy)
    let seeded = bugs.filter { $0.impossible == nil }
    let changed = try Self.applied(seeded, in: copy)
    if check { return print("\(seeded.count) bugs have their places") }
    try copy.update(changed: changed)
    let complaints = try Compiler(copy: copy).complaints()
    guard complaints.isEmpty else {
      let lines = complaints.map { "\($0.path):\($0.line):\($0.text)" }
      throw Failure(lines.joined(separator: "\n"))
    }
    if !options.skipBuild { try copy.build() }
    let results = try Results(file: copy.folder.appending(path: "results.tsv"), key: "bugs")
    let finder = Finder(copy: copy)
    try checkWithoutBugs(finder)
    try run(seeded, finder, results)
    let report = BugReport(bugs: bugs, results: results.all)
    print(report.summary)
    try report.table.write(
      to: copy.folder.appending(path: "table.md"), atomically: true, encoding: .utf8)
    if write { try report.write(to: copy.root.appending(path: BugReport.path)) }
  }

  /// All bugs, as the catalogue orders them.
  static func bugs(in copy: PackageCopy) throws -> [SeededBug] {
    try copy.files(under: "Mutation/Bugs").filter { $0.hasSuffix(".txt") }.map { path in
      let text = try String(contentsOf: copy.root.appending(path: path), encoding: .utf8)
      let bug = try SeededBug(parsing: text)
      guard path.hasSuffix("/\(bug.id).txt") else { throw Failure("\(path) describes \(bug.id)") }
      return bug
    }.sorted { $0.rank < $1.rank }
  }

  /// The files that bugs change, with all of them in.
  private static func applied(
    _ bugs: [SeededBug], in copy: PackageCopy
  ) throws -> [String: String] {
    var changed = [MutantSwitch.path: MutantSwitch.source(declarations: [])]
    for (index, bug) in bugs.enumerated() {
      for path in Set(bug.edits.map(\.path)) {
        let text =
          try changed[path] ?? String(contentsOf: copy.root.appending(path: path), encoding: .utf8)
        changed[path] = try bug.applied(
          to: text, at: path, condition: "Mutant.isOn(\(index + 1))")
      }
    }
    return changed
  }

  /// With no bug switched on, nothing may be found.
  private func checkWithoutBugs(_ finder: Finder) throws {
    var findings = [try finder.run(Finder.Selection(name: "all tests", arguments: []), mutant: 0)]
    if options.torture > 0 {
      findings.append(try finder.torture([], seconds: options.torture, mutant: 0))
    }
    for finding in findings where !finding.finder.isEmpty {
      throw Failure("without a bug, \(finding.finder) find: \(finding.evidence)")
    }
  }

  private func run(_ bugs: [SeededBug], _ finder: Finder, _ results: Results) throws {
    let known = options.fresh ? [] : Set(results.all.map(\.place))
    let numbered = bugs.enumerated().map { (number: $0.offset + 1, bug: $0.element) }.filter {
      only.isEmpty ? !known.contains($0.bug.id) : only.contains($0.bug.id)
    }
    let seconds = options.torture
    try forEach(numbered, jobs: options.jobs) { number, bug in
      let finding = try finder.find(bug, number: number, torture: seconds)
      let result = Result(number: number, place: bug.id, title: bug.fault, finding: finding)
      try results.add(result)
      note(result.row.replacing("\t", with: " | "))
    }
  }
}

extension SeededBug {
  /// Letters first, then the number: H8 before H10.
  var rank: String {
    let number = id.filter(\.isNumber)
    return id.filter(\.isLetter) + String(repeating: "0", count: max(0, 4 - number.count)) + number
  }
}

extension Finder {
  /// What torture says of a bug, and what the tests that are named for it.
  func find(_ bug: SeededBug, number: Int, torture seconds: Int) throws -> Finding {
    var findings: [Finding] = []
    if seconds > 0 {
      let arguments = (bug.torture ?? "").split(separator: " ").map(String.init)
      findings.append(try torture(arguments, seconds: seconds, mutant: number))
    }
    if let pattern = bug.tests {
      let tests = Selection(name: "tests", arguments: ["--filter", pattern])
      findings.append(try run(tests, mutant: number))
    }
    findings.removeAll { $0.finder.isEmpty }
    return Finding(
      finder: findings.map(\.finder).joined(separator: " and "),
      evidence: findings.map {
        String(format: "%@ after %.1f s: %@", $0.finder, $0.seconds, $0.evidence)
      }.joined(separator: "; "),
      seconds: findings.map(\.seconds).min() ?? 0)
  }
}

/// Who found the bugs, for people.
struct BugReport {
  static let path = "Documentation/Design/SeededBugs.md"
  let bugs: [SeededBug]
  let results: [Result]

  private func evidence(for bug: SeededBug) -> String? {
    results.first { $0.place == bug.id && !$0.finding.finder.isEmpty }?.finding.evidence
  }

  var summary: String {
    let seeded = bugs.filter { $0.impossible == nil }
    let missed = seeded.filter { evidence(for: $0) == nil }
    return """
      \(bugs.count) bugs: \(bugs.count - seeded.count) cannot be, \
      \(seeded.count - missed.count) of \(seeded.count) were found\
      \(missed.isEmpty ? "" : "; not found: " + missed.map(\.id).joined(separator: ", "))
      """
  }

  var table: String {
    let rows = bugs.map { bug -> String in
      let cells =
        if let reason = bug.impossible { [bug.id, bug.title, "cannot be", reason] } else {
          [bug.id, bug.title, bug.fault, evidence(for: bug) ?? "nobody"]
        }
      return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    return
      (["| id | what broke | what is put in | found by, or why it cannot be |"]
      + ["|---|---|---|---|"] + rows).joined(separator: "\n") + "\n"
  }

  /// Puts the table between the lines that mark its place.
  func write(to url: URL) throws {
    let text = try String(contentsOf: url, encoding: .utf8)
    let marks = ["<!-- table -->\n", "<!-- end of table -->\n"]
    guard let start = text.firstRange(of: marks[0])?.upperBound,
      let end = text.firstRange(of: marks[1])?.lowerBound, start <= end
    else { throw Failure("\(url.path) has no place for the table") }
    let new = text[..<start] + summary + ".\n\n" + table + text[end...]
    try String(new).write(to: url, atomically: true, encoding: .utf8)
  }
}
