// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs one script on one twin, line by line, and reports.
struct ScriptSession {
  let file: ScriptFile
  let twin: Twin
  private var execution: ScriptExecution
  /// Takes what lines print.
  private let output: ([UInt8]) -> Void
  /// Takes what went wrong.
  private let complain: (String) -> Void

  init(
    _ file: ScriptFile, on twin: Twin, checksInvariants: Bool,
    output: @escaping ([UInt8]) -> Void, complain: @escaping (String) -> Void
  ) {
    (self.file, self.twin) = (file, twin)
    (self.output, self.complain) = (output, complain)
    execution = ScriptExecution(twin.tree, checksInvariants: checksInvariants)
  }

  /// Runs all lines, also behind one that fails.
  ///
  /// - Parameter willRun: is told the place of each line among the lines, from 0, before it runs.
  consuming func runAll(willRun: (Int) -> Void = { _ in }) -> ScriptRunReport.Run {
    for (place, line) in file.script.lines.enumerated() {
      willRun(place)
      perform(line)
    }
    for record in execution.settle() { tell(of: record) }
    var run = ScriptRunReport.Run(script: file.name, kernel: "\(twin.subsystem.kernel.name)")
    run.lines = execution.records.map { report($0) }
    return run
  }

  private mutating func perform(_ line: Script.Line) {
    for record in execution.run(line) { tell(of: record) }
    // What a check finds is said with the failure that it is.
    guard line.command != .check, let text = execution.records.last?.output, !text.isEmpty else {
      return
    }
    output(text)
  }

  private func report(_ record: ScriptExecution.Record) -> ScriptRunReport.Line {
    let number = record.line.number
    var line = ScriptRunReport.Line(
      number: number, text: file.text(ofLine: number), output: PrintedText(record.output),
      error: nil, failure: record.failure, wanted: nil, found: nil, violations: [],
      isExpectation: record.isExpectation)
    switch record.result {
    case .failedAsExpected(let error), .failed(let error): line.error = "\(error.name)"
    case .unmet(let wanted, let found):
      line.wanted = String(decoding: wanted, as: UTF8.self)
      line.found = String(decoding: found, as: UTF8.self)
    case .skipped: line.isSkipped = true
    case .succeeded, .violated, .nothingThere: break
    }
    let findings = record.findings
    guard !findings.isEmpty else { return line }
    line.violations = findings.map(\.line)
    line.findings = findings
    return line
  }

  private func tell(of record: ScriptExecution.Record) {
    let number = record.line.number
    let text = InputError.harmless(file.text(ofLine: number).filter { $0 != "\r" })
    complain("\(file.name): line \(number): \(text): \(record.failure ?? "failed")")
    for text in InvariantFinding.lines(record.findings) { complain("  \(text)") }
  }
}

extension ScriptExecution.Record {
  fileprivate var findings: [InvariantFinding] { violations.map { InvariantFinding($0) } }

  fileprivate var isExpectation: Bool {
    if case .expect = line.command { true } else { false }
  }

  /// Why the line did not go as wanted; nil if it did.
  fileprivate var failure: String? {
    if !violations.isEmpty {
      return "\(ByteText.count(UInt(violations.count), "invariant")) violated"
    }
    let phrase = result.phrase
    return phrase.isEmpty ? nil : phrase
  }
}
