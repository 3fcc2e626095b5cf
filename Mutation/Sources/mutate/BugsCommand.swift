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
    if check {
      let copy = try options.copy()
      let bugs = try SeededBug.all(in: copy)
      _ = try bugs.applied(to: [:], in: copy)
      return print("\(bugs.count) bugs have their places, or cannot be")
    }
    let faults = try FaultyCopy(options)
    let folder = faults.copy.folder
    let results = try Results(file: folder.appending(path: "bugs.tsv"), key: "bugs")
    let finder = Finder(copy: faults.copy)
    try checkWithoutBugs(finder)
    try run(faults.seeded, finder, results)
    let report = BugReport(bugs: faults.bugs, results: results.all)
    print(report.summary)
    try report.table.write(
      to: folder.appending(path: "bugs.md"), atomically: true, encoding: .utf8)
    if write { try report.write(to: faults.copy.root.appending(path: BugReport.path)) }
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
    let numbered = bugs.enumerated().map { index, bug in
      (number: [SeededBug].number(ofBugAt: index), bug: bug)
    }.filter {
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
      // A few suites: who is not done after two minutes waits for a lock that never comes.
      findings.append(try run(tests, mutant: number, limit: 120))
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
    results.last { $0.place == bug.id && !$0.finding.finder.isEmpty }?.finding.evidence
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
