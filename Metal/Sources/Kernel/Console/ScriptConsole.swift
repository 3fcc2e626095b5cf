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
    sink.append(harmless: lines[number - 1])
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

extension ScriptExecution.Record {
  /// Whether it is an expectation of this kernel.
  fileprivate var isJudged: Bool {
    if case .expect = line.command { result != .skipped } else { false }
  }

  /// Appends why the line did not go as wanted.
  fileprivate func describeFailure(to sink: inout TextSink) {
    guard violations.isEmpty else {
      sink.append(count: violations.count, "invariant")
      return sink.append(" violated")
    }
    switch result {
    case .succeeded, .failedAsExpected, .skipped: return
    case .failed(let error):
      sink.append(error.name)
      sink.append(" (")
      sink.append(error.meaning)
      sink.append(")")
    case .unmet(let wanted, let found):
      sink.append("wanted '")
      sink.append(harmless: wanted[...], limit: 60)
      sink.append("', found '")
      sink.append(harmless: found[...], limit: 60)
      sink.append("'")
    case .violated(let count):
      sink.append(count: count, "invariant")
      sink.append(" violated")
    case .nothingThere:
      sink.append("there is no such CPU, node, size of pages, mapping or area")
    }
  }
}

extension TextSink {
  /// Appends a number and the word that fits it.
  fileprivate mutating func append(count: Int, _ singular: StaticString) {
    appendDecimal(signed: count)
    append(" ")
    append(singular)
    if count != 1 { append("s") }
  }

  /// Appends at most `limit` bytes of `text`; those that would do something to a terminal, as `?`.
  fileprivate mutating func append(harmless text: ArraySlice<UInt8>, limit: Int = 200) {
    for byte in text.prefix(limit) where byte != UInt8(ascii: "\r") || limit != 200 {
      append(byte: byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte)
    }
    if text.count > limit { append("…") }
  }
}
