// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Lines of a script, each with the answer that a twin gave.
///
/// The answers make it a test for whatever else runs scripts: a kernel on hardware has to refuse what
/// the twin refused, and with the same error.
struct AnsweredLines {
  private(set) var lines: [String] = []
  let facts: MachineFacts
  private var run: ScenarioRun

  /// A twin of the machine of `script`, whose own lines have run.
  ///
  /// - Throws: ``NodeLayoutError``, ``HostedMachineError`` or ``BootError`` where there can be no such
  ///   machine.
  init(behind script: Script) throws {
    run = try ScenarioRun(script.setup)
    for line in script.lines { run.perform(line.command) }
    facts = MachineFacts(run.host, script.setup)
  }

  /// The twin as it is now.
  var host: LabHost { run.host }

  /// Adds a comment.
  mutating func note(_ text: String) { lines.append("# \(text)") }

  /// Adds a line and its answer.
  ///
  /// - Returns: false if there is nothing that the line could be about; then it was not added.
  @discardableResult
  mutating func add(_ line: String) -> Bool {
    let result = run.perform(line: line).result
    if result == .nothingThere { return false }
    lines.append(line)
    if case .failed(let error) = result { lines.append("#@ expect error \(error.name)") }
    return true
  }
}
