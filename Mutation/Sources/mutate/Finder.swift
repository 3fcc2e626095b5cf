// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Who noticed a fault, and how.
struct Finding {
  /// `tests of HugeTLB`, `all other tests`, `torture`; empty if nobody did.
  var finder = ""
  /// The test that failed, the trap, or how the run ended otherwise.
  var evidence = ""
  var seconds = 0.0
}

/// Runs what may notice a fault, on a copy that has been built.
struct Finder {
  let copy: PackageCopy
  /// Where the products are.
  let products: URL
  /// How long all tests may take.
  static let allTestsLimit = 1560.0
  /// The seconds that ``tests(in:)`` take without a fault, by the name of the selection.
  var usualSeconds: [String: Double] = [:]

  init(copy: PackageCopy) {
    self.copy = copy
    products = copy.package.appending(path: ".build/release")
  }

  /// Some of the tests.
  struct Selection {
    let name: String
    let arguments: [String]
  }

  /// The core's tests of a layer.
  func tests(ofLayer layer: String) throws -> Selection {
    Selection(name: "tests of \(layer)", arguments: ["--filter", try pattern(ofLayer: layer)])
  }

  /// All tests but those.
  func tests(withoutLayer layer: String) throws -> Selection {
    Selection(name: "other tests", arguments: ["--skip", try pattern(ofLayer: layer)])
  }

  /// What the identifiers of tests in the layer's folder end with: `/ResizeTests.swift:…`.
  private func pattern(ofLayer layer: String) throws -> String {
    // What goes wrong in tables shows where they are used.
    let folders = layer == "PageTables" ? [layer, "Machine", "Vmemmap"] : [layer]
    let names = try folders.flatMap { try copy.files(under: "Tests/KernelMemoryTests/\($0)") }
      .filter { $0.hasSuffix(".swift") }
      .compactMap { $0.split(separator: "/").last?.dropLast(6) }
    guard !names.isEmpty else { throw Failure("no tests of \(layer)") }
    return "/(\(names.joined(separator: "|")))\\.swift:"
  }

  /// Runs tests with a fault; its first trace ends them, and so does `limit` if it is not known how long
  /// they usually take.
  ///
  /// - Unit: seconds.
  func run(
    _ tests: Selection, mutant: Int, limit: Double = Self.allTestsLimit
  ) throws -> Finding {
    let bundle = products.appending(path: "swift-vmemmapPackageTests.xctest").path
    let log = copy.logs.appending(path: "\(mutant)-\(tests.name).log")
    var command = Command(
      program: bundle, arguments: ["--testing-library", "swift-testing"] + tests.arguments,
      environment: ["MUTANT": "\(mutant)", "SWIFT_BACKTRACE": "enable=no"],
      folder: copy.package, log: log)
    command.secondsLimit = usualSeconds[tests.name].map { $0 * 5 + 60 } ?? limit
    command.lastWords = [" recorded an issue"]
    return try finding(of: command, finder: tests.name)
  }

  /// Runs `hvo torture` with a fault.
  func torture(_ arguments: [String], seconds: Int, mutant: Int) throws -> Finding {
    let log = copy.logs.appending(path: "\(mutant)-torture.log")
    var command = Command(
      program: products.appending(path: "hvo").path,
      arguments: ["torture", "--first", "--for", "\(seconds)s"] + arguments,
      environment: ["MUTANT": "\(mutant)", "SWIFT_BACKTRACE": "enable=no"],
      folder: copy.package, log: log)
    command.secondsLimit = Double(seconds) * 3 + 120
    var finding = try finding(of: command, finder: "torture")
    if let text = try? String(contentsOf: log, encoding: .utf8),
      let first = TortureText.firstFinding(in: text)
    {
      (finding.evidence, finding.seconds) = (first.text, first.seconds)
    }
    return finding
  }

  private func finding(of command: Command, finder: String) throws -> Finding {
    let (outcome, seconds) = try command.run()
    if outcome == .exited(0) {
      try FileManager.default.removeItem(at: command.log)
      return Finding(seconds: seconds)
    }
    let text = String(decoding: try Data(contentsOf: command.log), as: UTF8.self)
    return Finding(
      finder: finder, evidence: Evidence.evidence(in: text, outcome), seconds: seconds)
  }
}

/// What `hvo torture` prints about what it found.
enum TortureText {
  /// The finding that came first: what it says, and when that was.
  static func firstFinding(in text: String) -> (text: String, seconds: Double)? {
    text.split(separator: "\n").compactMap { finding(in: $0) }.min { $0.seconds < $1.seconds }
  }

  /// `sweep: P-HVO 8 (123 tried, 0.4 s)`.
  private static func finding(in line: Substring) -> (text: String, seconds: Double)? {
    guard ["sweep: ", "schedules: ", "random: "].contains(where: { line.hasPrefix($0) }),
      line.hasSuffix(" s)"), let open = line.lastIndex(of: "("),
      let comma = line.lastIndex(of: ","), open < comma,
      let seconds = Double(line[comma...].dropFirst(2).dropLast(3))
    else { return nil }
    let tried = line[line.index(after: open)..<comma]
    return ("\(line[..<open].dropLast()), \(tried)", seconds)
  }
}

/// What a log says about a failure, in one line.
enum Evidence {
  static func evidence(in text: String, _ outcome: Command.Outcome) -> String {
    switch outcome {
    case .tooLong: return "does not end"
    case .tooBig: return "takes all memory"
    case .killed, .exited, .saidSo: break
    }
    let lines = text.split(separator: "\n")
    if let issue = lines.first(where: { $0.contains(" recorded an issue") }) {
      return testName(in: issue).clean
    }
    let traps = ["Fatal error", "Precondition failed", "Assertion failed"]
    // The last one: tests of the scheduler trap on purpose, and go on.
    if let trap = lines.last(where: { line in traps.contains { line.contains($0) } }) {
      return "trap: " + (trap.split(separator: "/").last.map(String.init) ?? "").clean
    }
    if case .killed(let signal) = outcome { return "signal \(signal)" }
    return (lines.last { !$0.hasPrefix("◇") && !$0.hasPrefix("✔") }.map(String.init) ?? "").clean
  }

  /// The name, without what the test was given and what happened.
  private static func testName(in line: Substring) -> String {
    var name = String(line)
    if let end = name.range(of: " recorded an issue") { name = String(name[..<end.lowerBound]) }
    if let start = name.range(of: "Test ") { name = String(name[start.upperBound...]) }
    return name.trimmingCharacters(in: ["\"", " "])
  }
}

extension String {
  /// Without what a table cannot hold, and short.
  var clean: String {
    let flat = filter { $0 != "\t" && $0 != "\n" && !$0.isControl }
    return flat.count > 160 ? flat.prefix(157) + "…" : flat
  }
}

extension Character {
  fileprivate var isControl: Bool { unicodeScalars.contains { $0.value < 32 } }
}
