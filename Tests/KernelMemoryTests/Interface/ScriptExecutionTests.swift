// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import Testing

/// A script that ran to its end: which lines turned out bad, and when.
private struct Execution {
  /// The numbers of bad lines, behind each line of the script and behind the last.
  var settled: [[Int]] = []
  var isGood: Bool
  var records: [ScriptExecution.Record]

  init(_ text: String, checksInvariants: Bool = false) throws {
    let script = try Script(Array(text.utf8)[...])
    let machine = script.setup.machine ?? MachineDescription()
    let hardware = try HostedMachine(span: machine.spanByteCount)
    let subsystem = try MemorySubsystem(try script.setup.bootConfiguration(), on: hardware)
    var execution = ScriptExecution(InterfaceTree(subsystem), checksInvariants: checksInvariants)
    for line in script.lines { settled.append(execution.run(line).map(\.line.number)) }
    settled.append(execution.settle().map(\.line.number))
    isGood = execution.isGood
    records = execution.records
  }
}

@Suite struct `Executing scripts` {
  @Test func `a failure is bad only when no expectation can follow`() throws {
    let run = try Execution(
      """
      cat /nope
      #@ expect output x
      true
      """)
    #expect(run.settled == [[], [], [1, 2], []])
    #expect(!run.isGood)
  }

  @Test func `an expected error forgives, however late it is expected`() throws {
    let run = try Execution(
      """
      echo abc > /proc/sys/vm/nr_hugepages
      #@ expect /proc/sys/vm/nr_hugepages 0
      #@ expect error EINVAL
      """)
    #expect(run.isGood)
    #expect(run.records.first?.result == .failedAsExpected(.invalid))
  }

  @Test func `another error than the expected one is two bad lines`() throws {
    let run = try Execution(
      """
      echo abc > /proc/sys/vm/nr_hugepages
      #@ expect error ENOMEM
      """)
    #expect(run.settled == [[], [], [1, 2]])
  }

  @Test func `what a line printed stays with it`() throws {
    let run = try Execution("echo one\necho two", checksInvariants: true)
    #expect(run.records.map { String(decoding: $0.output, as: UTF8.self) } == ["one\n", "two\n"])
    #expect(run.isGood)
  }
}
