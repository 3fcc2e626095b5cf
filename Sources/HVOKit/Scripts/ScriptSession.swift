// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs one script on one twin, line by line.
struct ScriptSession {
  let file: ScriptFile
  let twin: Twin
  /// Whether invariants are checked after every line that may change something.
  let checksInvariants: Bool
  private let runner: ScriptRunner
  private var run: ScriptRunReport.Run
  /// Takes what lines print.
  private let output: ([UInt8]) -> Void
  /// Takes what went wrong.
  private let complain: (String) -> Void
  /// A command that failed, which the expectations behind it may still call right, and then those
  /// of these expectations that were not met themselves.
  private var open: [ScriptRunReport.Line] = []

  init(
    _ file: ScriptFile, on twin: Twin, checksInvariants: Bool,
    output: @escaping ([UInt8]) -> Void, complain: @escaping (String) -> Void
  ) {
    (self.file, self.twin, self.checksInvariants) = (file, twin, checksInvariants)
    (self.output, self.complain) = (output, complain)
    runner = ScriptRunner(twin.tree)
    run = ScriptRunReport.Run(script: file.name, kernel: "\(twin.subsystem.kernel.name)")
  }

  /// Runs all lines, also behind one that fails.
  ///
  /// - Parameter willRun: is told the place of each line among the lines, from 0, before it runs.
  consuming func runAll(willRun: (Int) -> Void = { _ in }) -> ScriptRunReport.Run {
    for (place, line) in file.script.lines.enumerated() {
      willRun(place)
      perform(line)
    }
    settleOpenFailures()
    return run
  }

  private mutating func perform(_ line: Script.Line) {
    var text = TextSink()
    let expectation: ScriptExpectation? =
      if case .expect(let expectation, on: _) = line.command { expectation } else { nil }
    if expectation == nil { settleOpenFailures() }
    let outcome = runner.run(line.command, line: line.number, output: &text)
    // What a check finds is said with the failure that it is.
    if !text.isEmpty, line.command != .check { output(text.bytes) }
    if case .error = expectation, outcome.result == .succeeded { forgiveCommand() }
    var result = ScriptRunReport.Line(
      number: line.number, text: file.text(ofLine: line.number),
      output: PrintedText(text.bytes), error: nil, failure: nil, wanted: nil, found: nil,
      violations: [], isExpectation: expectation != nil)
    note(outcome.result, in: &result)
    let isDue = checksInvariants && line.command.mayChangeMemory
    if isDue || line.command == .check { check(&result) }
    run.lines.append(result)
    if result.failure != nil { open.append(result) }
  }

  private func note(_ result: ScriptOutcome.Result, in line: inout ScriptRunReport.Line) {
    switch result {
    case .failedAsExpected(let error): line.error = "\(error.name)"
    case .failed(let error): line.error = "\(error.name)"
    case .unmet(let wanted, let found):
      line.wanted = String(decoding: wanted, as: UTF8.self)
      line.found = String(decoding: found, as: UTF8.self)
    case .skipped: line.isSkipped = true
    case .succeeded, .violated, .nothingThere: break
    }
    let phrase = result.phrase
    if !phrase.isEmpty { line.failure = phrase }
  }

  private func check(_ line: inout ScriptRunReport.Line) {
    let findings = twin.findings
    guard !findings.isEmpty else { return }
    line.violations = findings.map(\.line)
    line.findings = findings
    line.failure = "\(ByteText.count(UInt(findings.count), "invariant")) violated"
  }

  // MARK: Failures that may be expected

  /// The command before was expected to fail; invariants never are.
  private mutating func forgiveCommand() {
    guard let command = open.first, !command.isExpectation, command.error != nil,
      command.violations.isEmpty
    else { return }
    open.removeFirst()
    guard let index = run.lines.lastIndex(where: { $0.number == command.number }) else { return }
    run.lines[index].failure = nil
  }

  /// No more expectations follow.
  private mutating func settleOpenFailures() {
    for line in open { report(line) }
    open = []
  }

  private func report(_ line: ScriptRunReport.Line) {
    let text = InputError.harmless(line.text.filter { $0 != "\r" })
    complain("\(file.name): line \(line.number): \(text): \(line.failure ?? "failed")")
    for text in InvariantFinding.lines(line.findings ?? []) { complain("  \(text)") }
  }
}

extension ScriptCommand {
  /// Whether the machine's memory may be another afterwards.
  fileprivate var mayChangeMemory: Bool {
    switch self {
    case .write, .mapHuge, .unmap, .addMemory, .removeMemory, .vmalloc, .vfree, .daxDevice,
      .mapDevice, .unmapDevice, .useDevicePage, .releaseDevicePage, .loadDrivers, .takePages,
      .releasePages, .poison, .unpoison:
      true
    case .print, .show, .list, .nothing, .failAllocation, .failBasePages, .failNothing, .useCPU,
      .remember, .expect, .check:
      false
    }
  }
}
