// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

struct MutantsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Small random changes to the layers: does a test notice, or torture?")

  @OptionGroup var options: RunOptions

  @Option(help: "Only these numbers, again even if they are known.")
  var only: [Int] = []

  @Flag(help: "Print the changes that there are to choose from, and end.")
  var list = false

  func run() throws {
    if list {
      let sources = try FaultyCopy.sources(in: options.copy())
      return sources.flatMap { $0.mutations() }.forEach { print($0.row) }
    }
    let faults = try FaultyCopy(options)
    let folder = faults.copy.folder
    let results = try Results(
      file: folder.appending(path: "mutants.tsv"), key: key(faults.mutants))
    var finder = Finder(copy: faults.copy)
    try measureUsualSeconds(&finder)
    try run(faults.mutants, finder, results)
    let report = MutantReport(results: results.all)
    let table = folder.appending(path: "mutants.md")
    try report.text.write(to: table, atomically: true, encoding: .utf8)
    print(report.summary)
    note("the tables: mutants.tsv and mutants.md in \(folder.path)")
  }

  private func key(_ mutants: [Mutant]) -> String {
    var hash = Checksum()
    for mutant in mutants { hash.add(mutant.mutation.row.utf8) }
    return "seed \(options.seed), \(mutants.count) changes, \(hash)"
  }

  /// Without a fault, nothing may be noticed.
  private func measureUsualSeconds(_ finder: inout Finder) throws {
    let everything = Finder.Selection(name: "all tests", arguments: [])
    for tests in try FaultyCopy.layers.map({ try finder.tests(ofLayer: $0) }) + [everything] {
      let finding = try finder.run(tests, mutant: 0)
      guard finding.finder.isEmpty else {
        throw Failure("without a change, \(tests.name) fail: \(finding.evidence)")
      }
      note(String(format: "%@ take %.1f s", tests.name, finding.seconds))
      finder.usualSeconds[tests.name] = finding.seconds
    }
    if options.torture > 0 {
      let finding = try finder.torture([], seconds: options.torture, mutant: 0)
      guard finding.finder.isEmpty else {
        throw Failure("without a change, torture finds: \(finding.evidence)")
      }
    }
    finder.usualSeconds["other tests"] = finder.usualSeconds[everything.name]
  }

  private func run(_ mutants: [Mutant], _ finder: Finder, _ results: Results) throws {
    let known = options.fresh ? [] : Set(results.all.map(\.number))
    let wanted = mutants.filter {
      only.isEmpty ? !known.contains($0.number) : only.contains($0.number)
    }
    let torture = options.torture
    try forEach(wanted, jobs: options.jobs) { mutant in
      let finding = try finder.find(mutant, torture: torture)
      let result = Result(
        number: mutant.number, place: "\(mutant.mutation.path):\(mutant.mutation.line)",
        title: "\(mutant.mutation.kind): \(mutant.mutation.title)", finding: finding)
      try results.add(result)
      note(result.row.replacing("\t", with: " | "))
    }
  }
}

extension Mutation {
  var row: String { "\(path):\(line)\t\(kind)\t\(title)" }

  /// The folder of the core that it changes.
  var layer: String { String(path.split(separator: "/")[2]) }
}

extension Finder {
  /// The closest tests first, then the others, then torture: whoever notices first.
  func find(_ mutant: Mutant, torture seconds: Int) throws -> Finding {
    var total = 0.0
    let layer = mutant.mutation.layer
    for tests in [try tests(ofLayer: layer), try tests(withoutLayer: layer)] {
      var finding = try run(tests, mutant: mutant.number)
      total += finding.seconds
      finding.seconds = total
      if !finding.finder.isEmpty { return finding }
    }
    guard seconds > 0 else { return Finding(seconds: total) }
    var finding = try self.torture(
      ["--seed", "\(mutant.number)"], seconds: seconds, mutant: mutant.number)
    finding.seconds += total
    return finding
  }
}

/// The results as a person reads them.
struct MutantReport {
  let results: [Result]

  var survivors: [Result] { results.filter { $0.finding.finder.isEmpty } }

  var summary: String {
    let caught = results.count - survivors.count
    let share = results.isEmpty ? 0 : Double(caught) * 100 / Double(results.count)
    let finders = Dictionary(grouping: results, by: \.finding.finder).filter { !$0.key.isEmpty }
      .map { "\($0.value.count) by \($0.key)" }.sorted()
    return String(format: "%d of %d caught (%.1f %%): ", caught, results.count, share)
      + finders.joined(separator: ", ")
  }

  var text: String {
    """
    \(summary).

    ## Survivors

    \(Self.table(survivors))

    ## All

    \(Self.table(results))

    """
  }

  private static func table(_ results: [Result]) -> String {
    let rows = results.map { result in
      let cells = [
        "\(result.number)", result.place, result.title, result.finding.finder,
        result.finding.evidence, String(format: "%.0f", result.finding.seconds),
      ]
      return "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
    }
    return (["| | place | change | found by | evidence | s |", "|---|---|---|---|---|---|"] + rows)
      .joined(separator: "\n")
  }
}
