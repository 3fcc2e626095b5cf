// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

/// Runs a script on the serial console: what `hvo run` prints, byte by byte, whichever stream it is.
struct ScriptConsole {
  private let script: Script
  private let lines: [ArraySlice<UInt8>]
  private let name: [UInt8]
  private let kernel: KernelDesign
  private var execution: ScriptExecution

  /// Prepares a run on the machine behind `tree`.
  init(
    _ script: Script, text: [UInt8], name: [UInt8], _ tree: InterfaceTree, checksInvariants: Bool
  ) {
    self.script = script
    self.name = name
    lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    kernel = tree.subsystem.kernel
    execution = ScriptExecution(tree, checksInvariants: checksInvariants)
  }

  /// Runs all lines.
  mutating func run() -> Verdict {
    guard script.setup.kernels.contains(kernel) else { return skip() }
    for line in script.lines {
      for record in execution.run(line) { complain(about: record) }
      // What a check finds is said with the failure that it is.
      if line.command != .check, let record = execution.records.last {
        SerialPort.write(record.output)
      }
    }
    for record in execution.settle() { complain(about: record) }
    summarize()
    return execution.isGood ? .good : .bad
  }

  private func skip() -> Verdict {
    var sink = heading
    sink.append(": skipped, it is for other kernels\n")
    SerialPort.write(sink.bytes)
    return .good
  }

  private func complain(about record: ScriptExecution.Record) {
    var sink = TextSink()
    let number = record.line.number
    sink.append(name)
    sink.append(": line ")
    sink.appendDecimal(signed: number)
    sink.append(": ")
    sink.append(harmless: lines[number - 1].filter { $0 != UInt8(ascii: "\r") }[...])
    sink.append(": ")
    record.describeFailure(to: &sink)
    sink.newline()
    for violation in record.violations {
      sink.append("  ")
      violation.describe(to: &sink)
    }
    SerialPort.write(sink.bytes)
  }

  private var heading: TextSink {
    var sink = TextSink()
    sink.append(name)
    sink.append(" on ")
    sink.append(kernel.name)
    return sink
  }

  private func summarize() {
    let failures = execution.records.count { !$0.isGood }
    let judged = execution.records.filter { $0.isJudged }
    var sink = heading
    if failures == 0 {
      sink.append(": ok, ")
    } else {
      sink.append(": FAILED (")
      sink.append(count: failures, "line")
      sink.append("), ")
    }
    if judged.isEmpty {
      sink.append(count: execution.records.count, "line")
    } else {
      sink.appendDecimal(signed: judged.count { $0.isGood })
      sink.append(" of ")
      sink.append(count: judged.count, "expectation")
      sink.append(" met")
    }
    sink.newline()
    SerialPort.write(sink.bytes)
  }
}
