// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

/// Runs a script and prints what it prints, and what went otherwise than wanted, as `hvo run` does.
struct ScriptConsole {
  private let script: Script
  private let lines: [ArraySlice<UInt8>]
  private let name: [UInt8]
  private let subsystem: MemorySubsystem
  private let checksInvariants: Bool
  private let runner: ScriptRunner

  init(
    _ script: Script, text: [UInt8], name: [UInt8], _ subsystem: MemorySubsystem,
    checksInvariants: Bool
  ) {
    self.script = script
    lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    self.name = name
    self.subsystem = subsystem
    self.checksInvariants = checksInvariants
    runner = ScriptRunner(InterfaceTree(subsystem))
  }

  mutating func run() -> Verdict {
    for line in script.lines {
      var sink = TextSink()
      let outcome = runner.run(line.command, line: line.number, output: &sink)
      SerialPort.write(sink.bytes)
      var text = TextSink()
      outcome.describe(to: &text)
      SerialPort.write(text.bytes)
    }
    return .good
  }
}
