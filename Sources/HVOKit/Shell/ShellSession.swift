// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory

/// A twin at which somebody types.
public struct ShellSession {
  private let twin: Twin
  private let console: Console
  private let runner: ScriptRunner
  private let greeting: [String]

  /// Boots the machine that `options` describe: this host's twin unless they say otherwise.
  ///
  /// - Throws: ``InputError``.
  public init(_ options: MachineOptions, _ console: Console) throws(InputError) {
    let blueprint = try TwinBuilder(options).build()
    twin = try Twin(blueprint.specification)
    self.console = console
    runner = ScriptRunner(twin.tree)
    let kind =
      blueprint.host == nil
      ? "the machine you describe" : options.sysroot.map { "the host in \($0)" } ?? "this host"
    greeting =
      [
        "A twin of \(kind); it \(KernelChoice.phrase("\(twin.subsystem.kernel.name)")).",
        "Nothing you do here touches the host.",
        "Type help for help, exit to leave.",
      ] + blueprint.specification.notes.map { "note: \($0)" }
  }

  /// Reads and runs lines until the input ends.
  ///
  /// - Returns: whether all went well; a person at a terminal has seen what did not.
  public func run() -> Bool {
    guard RawTerminal.isAvailable else { return runPlainLines() }
    for line in greeting { console.print(console.style.faint(line)) }
    runInteractively()
    return true
  }

  private func runInteractively() {
    var history = ShellHistory(path: ShellHistory.path(ProcessInfo.processInfo.environment))
    var number = 0
    loop: while true {
      switch RawTerminal.run({ editor.readLine(history.lines) }) {
      case .ended: break loop
      case .canceled: continue
      case .line(let line):
        history.add(line)
        history.save()
        number += 1
        if perform(line, number: number).ends { break loop }
      }
    }
  }

  private var editor: LineEditor {
    LineEditor(
      keys: KeyReader(nextByte: RawTerminal.nextByte, hasMore: RawTerminal.hasMore),
      prompt: "hvo> ", completion: PathCompletion(tree: twin.tree),
      columnCount: RawTerminal.columnCount, write: { console.write(Array($0.utf8)) })
  }

  private func runPlainLines() -> Bool {
    var isGood = true
    var number = 0
    while let line = readLine() {
      number += 1
      let effect = perform(line, number: number)
      isGood = isGood && effect.isGood
      if effect.ends { break }
    }
    return isGood
  }

  /// What came of a line.
  private struct Effect {
    var isGood = true
    var ends = false
  }

  private func perform(_ line: String, number: Int) -> Effect {
    switch line.trimmingCharacters(in: .whitespaces) {
    case "exit", "quit": return Effect(ends: true)
    case "help":
      for line in ShellHelp.lines { console.print(line) }
      return Effect()
    default: return Effect(isGood: performScriptLine(line, number: number))
    }
  }

  private func performScriptLine(_ line: String, number: Int) -> Bool {
    let statement: ScriptParser.Statement
    do throws(ScriptProblem) {
      statement = try ScriptParser.parse(Array(line.utf8)[...])
    } catch {
      console.complain("line \(number): \(error.message); type help for what there is")
      return false
    }
    switch statement {
    case .blank: return true
    case .setup:
      console.complain("line \(number): the machine has started; give hvo shell options instead")
      return false
    case .command(let command): return perform(command, line, number: number)
    }
  }

  private func perform(_ command: ScriptCommand, _ line: String, number: Int) -> Bool {
    var output = TextSink()
    let outcome = runner.run(command, line: number, output: &output)
    // What a check finds is a complaint, and says where it is explained.
    if command != .check { write(output) }
    let findings = command == .check ? twin.findings : []
    for text in InvariantFinding.lines(findings) { console.complain(text) }
    guard !outcome.isGood else { return findings.isEmpty }
    console.complain(
      "line \(number): \(InputError.harmless(line, limit: 60)): \(outcome.result.phrase)")
    return false
  }

  /// Writes what a command printed, and ends its last line.
  private func write(_ output: TextSink) {
    console.write(output.bytes)
    if let last = output.bytes.last, last != UInt8(ascii: "\n") { console.print("") }
  }
}
