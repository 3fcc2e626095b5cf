// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs one script on one twin, line by line.
struct ScriptSession {
  let file: ScriptFile
  let twin: Twin
  /// Whether invariants are checked after every line.
  let checksInvariants: Bool
  private let runner: ScriptRunner
  private var run: ScriptRunReport.Run
  /// Takes what lines print.
  private let output: ([UInt8]) -> Void
  /// Takes what went wrong.
  private let complain: (String) -> Void
  /// The last line of `run` failed, and the script may still say that this was expected.
  private var lastFailureIsOpen = false

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
  consuming func runAll() -> ScriptRunReport.Run {
    for line in file.script.lines { perform(line) }
    settleOpenFailure()
    return run
  }

  private mutating func perform(_ line: Script.Line) {
    var text = TextSink()
    let expectation: ScriptExpectation? =
      if case .expect(let expectation) = line.command { expectation } else { nil }
    if expectation == nil { settleOpenFailure() }
    let outcome = runner.run(line.command, line: line.number, output: &text)
    if !text.isEmpty { output(text.bytes) }
    if case .error = expectation, outcome.isGood, lastFailureIsOpen { forgiveLastFailure() }
    var result = ScriptRunReport.Line(
      number: line.number, text: file.text(ofLine: line.number),
      output: String(decoding: text.bytes, as: UTF8.self), error: nil, failure: nil, wanted: nil,
      found: nil, violations: [], isExpectation: expectation != nil)
    note(outcome.result, in: &result)
    if checksInvariants || line.command == .check { check(&result) }
    run.lines.append(result)
    guard let failure = result.failure else { return }
    lastFailureIsOpen = result.error != nil && result.violations.isEmpty
    if lastFailureIsOpen { return }
    report(result, failure)
  }

  private func note(_ result: ScriptOutcome.Result, in line: inout ScriptRunReport.Line) {
    switch result {
    case .succeeded: break
    case .failed(let error):
      line.error = "\(error.name)"
      line.failure = "\(error.name)"
    case .failedAsExpected(let error): line.error = "\(error.name)"
    case .unmet(let wanted, let found):
      line.wanted = String(decoding: wanted, as: UTF8.self)
      line.found = String(decoding: found, as: UTF8.self)
      line.failure =
        "wanted \(InputError.quote(line.wanted ?? "")), found \(InputError.quote(line.found ?? ""))"
    case .violated(let count):
      line.failure = "\(ByteText.count(UInt(count), "invariant")) violated"
    case .nothingThere: line.failure = "there is no such CPU, size of pages or mapping"
    }
  }

  private func check(_ line: inout ScriptRunReport.Line) {
    let violations = twin.violations
    guard !violations.isEmpty else { return }
    line.violations = violations
    line.failure = "\(ByteText.count(UInt(violations.count), "invariant")) violated"
  }

  // MARK: Failures that may be expected

  /// The failed line before was expected to fail.
  private mutating func forgiveLastFailure() {
    lastFailureIsOpen = false
    guard let index = run.lines.lastIndex(where: { !$0.isExpectation }) else { return }
    run.lines[index].failure = nil
  }

  /// Nobody expected the failed line before to fail.
  private mutating func settleOpenFailure() {
    guard lastFailureIsOpen else { return }
    lastFailureIsOpen = false
    guard let line = run.lines.last(where: { !$0.isExpectation }), let failure = line.failure
    else { return }
    report(line, failure)
  }

  private func report(_ line: ScriptRunReport.Line, _ failure: String) {
    complain("\(file.name): line \(line.number): \(line.text): \(failure)")
    for violation in line.violations { complain("  \(violation)") }
  }
}
