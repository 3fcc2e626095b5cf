// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

/// The kernel as somebody meets it who types: the lines of a script, one by one, on the real machine.
/// What a line says about how the machine starts comes too late, and does nothing.
struct Shell {
  private var execution: ScriptExecution
  private var lines = LineReader()
  private var isUnderstood = true

  /// A shell on the machine behind `tree`.
  init(_ tree: InterfaceTree, checksInvariants: Bool) {
    execution = ScriptExecution(tree, checksInvariants: checksInvariants)
  }

  /// Runs lines until `exit` or the end of the text.
  ///
  /// - Returns: whether all went well.
  mutating func run() -> Verdict {
    SerialPort.write("The lines of a script; exit to leave.\n")
    while true {
      SerialPort.write("hvo> ")
      guard let line = lines.next() else { break }
      if line.elementsEqual("exit".utf8) { break }
      perform(line)
    }
    return execution.isGood && isUnderstood ? .good : .bad
  }

  private mutating func perform(_ text: [UInt8]) {
    do throws(ScriptError) {
      let script = try Script(text[...])
      for line in script.lines { perform(line) }
    } catch {
      isUnderstood = false
      SerialPort.write(error.problem.message)
      SerialPort.write("\n")
    }
  }

  private mutating func perform(_ line: Script.Line) {
    _ = execution.run(line)
    guard let record = execution.records.last else { return }
    SerialPort.write(record.output)
    if let last = record.output.last, last != UInt8(ascii: "\n") { SerialPort.write("\n") }
    guard !record.isGood else { return }
    var sink = TextSink()
    record.describeFailure(to: &sink)
    sink.newline()
    SerialPort.write(sink.bytes)
  }
}
