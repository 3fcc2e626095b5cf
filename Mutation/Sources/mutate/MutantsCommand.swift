// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

struct MutantsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutants",
    abstract: "Small random changes to the layers: does a test notice, or torture?")

  static let layers = [
    "PageTables", "PageAllocator", "Vmemmap", "HugeTLB", "ZoneDevice", "Hotplug",
  ]

  @OptionGroup var options: RunOptions

  @Option(help: "How many changes.")
  var count = 200

  @Option(help: "What the choice of changes starts from.")
  var seed: UInt64 = 1

  @Option(help: "Only these numbers, again even if they are known.")
  var only: [Int] = []

  @Flag(help: "Print the changes that there are to choose from, and end.")
  var list = false

  func run() throws {
    let copy = try options.copy("mutants")
    let sources = try Self.layers.flatMap {
      try copy.sources(under: "Sources/KernelMemory/\($0)")
    }
    if list { return sources.flatMap { $0.mutations() }.forEach { print($0.row) } }
    let mutants = try compilableMutants(copy, sources)
    if !options.skipBuild { try copy.build() }
    let results = try Results(
      file: copy.folder.appending(path: "results.tsv"), key: key(mutants))
    var finder = Finder(copy: copy)
    try measureUsualSeconds(&finder)
    try run(mutants, finder, results)
    let table = copy.folder.appending(path: "results.md")
    try MutantReport(results: results.all).text.write(to: table, atomically: true, encoding: .utf8)
    print(MutantReport(results: results.all).summary)
    note("the tables: \(copy.folder.appending(path: "results.tsv").path) and \(table.path)")
  }

  /// Chooses until the compiler has nothing against any.
  private func compilableMutants(
    _ copy: PackageCopy, _ sources: [SourceText]
  ) throws -> [Mutant] {
    let selection = Selection(sources, seed: seed)
    note("\(selection.candidateCount) places in \(sources.count) files")
    var dropped: Set<MutationID> = []
    while true {
      let mutants = selection.mutations(count: count, without: dropped).enumerated()
        .map { Mutant(number: $0.offset + 1, mutation: $0.element) }
      try copy.update(changed: mutants.applied(to: sources))
      let complaints = try Compiler(copy: copy).complaints()
      guard !complaints.isEmpty else { return mutants }
      let culprits = mutants.culprits(of: complaints)
      note(
        "\(complaints.count) complaints about \(culprits.count) changes; others take their place")
      guard !culprits.isEmpty else {
        throw Failure("complaints about no change: \(complaints.map(\.text).prefix(5))")
      }
      dropped.formUnion(culprits.map { MutationID($0.mutation) })
    }
  }

  private func key(_ mutants: [Mutant]) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in mutants.flatMap({ Array($0.mutation.row.utf8) }) {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    return "seed \(seed), \(mutants.count) changes, \(String(hash, radix: 16))"
  }

  /// Without a fault, nothing may be noticed.
  private func measureUsualSeconds(_ finder: inout Finder) throws {
    let everything = Finder.Selection(name: "all tests", arguments: [])
    for tests in try Self.layers.map({ try finder.tests(ofLayer: $0) }) + [everything] {
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
