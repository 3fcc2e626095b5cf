// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `Running scripts` {
  /// What a run left behind.
  private final class Sink {
    var output = ""
    var compared: [String] = []
    var complaints: [String] = []
    var progress: [String] = []
  }

  private func run(
    _ text: String, _ options: MachineOptions = MachineOptions(), checks: Bool = true
  ) throws -> (report: ScriptRunReport, sink: Sink) {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-\(UUID().uuidString).hvo").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let sink = Sink()
    let sinks = ScriptRun.Sinks(
      output: { sink.output += String(decoding: $0, as: UTF8.self) },
      compared: { sink.compared += $0.text(.everything, width: 79, .plain) },
      complain: { sink.complaints.append($0) }, progress: { sink.progress.append($0) })
    let report = try ScriptRun(options, checksInvariants: checks).run([path], sinks)
    return (report, sink)
  }

  @Test func `prints what lines print`() throws {
    let result = try run(
      """
      echo 3 > /proc/sys/vm/nr_hugepages
      cat /proc/sys/vm/nr_hugepages
      """)
    #expect(result.report.isGood)
    #expect(result.sink.output == "3\n")
    #expect(result.report.comparisons == nil)
    #expect(result.sink.progress.isEmpty)
  }

  @Test func `a failed expectation names line, wanted and found`() throws {
    let result = try run(
      """
      echo 3 > /proc/sys/vm/nr_hugepages
      #@ expect /proc/sys/vm/nr_hugepages 4
      """)
    #expect(!result.report.isGood)
    let line = try #require(result.report.runs.first?.lines.last)
    #expect(line.number == 2)
    #expect(line.wanted == "4")
    #expect(line.found == "3")
    #expect(result.sink.complaints.first?.hasSuffix("wanted '4', found '3'") == true)
  }

  @Test func `an error is a failure unless the next lines expect it`() throws {
    let expected = try run(
      """
      echo x > /proc/sys/vm/nr_hugepages
      #@ expect error EINVAL
      """)
    #expect(expected.report.isGood)
    #expect(expected.report.runs.first?.lines.first?.error == "EINVAL")
    let unexpected = try run("cat /nope\n")
    #expect(!unexpected.report.isGood)
    #expect(unexpected.sink.complaints.first?.contains("line 1: cat /nope: ENOENT (") == true)
    let other = try run("cat /nope\n#@ expect error EINVAL\ntrue\n")
    #expect(!other.report.isGood)
  }

  @Test func `runs on the machine and the kernels that are asked for`() throws {
    let text = "#@ machine memory=1G nodes=2\ncat /sys/devices/system/node/online\n"
    #expect(try run(text).sink.output == "0-1\n")
    #expect(try run(text, MachineOptions(memory: "1G")).sink.output == "0\n")
    let several = try run(text, MachineOptions(kernel: "6.1,7.2"))
    #expect(several.report.runs.map(\.kernel) == ["6.1", "7.2"])
    #expect(several.sink.output == "")
    #expect(
      several.sink.compared.dropFirst() == [
        "  2  cat /sys/devices/system/node/online", "     0-1", "The line is answered alike",
      ])
    #expect(several.report.comparisons?.map(\.kernels) == [["6.1", "7.2"]])
    #expect(several.sink.progress.contains { $0.hasSuffix("on 7.2: line 1 of 1 …") })
  }

  @Test func `a script for other kernels is passed over and says so`() throws {
    let text = "#@ only on 6.12,7.2\necho hello\n#@ expect output hello\n"
    #expect(try run(text).report.runs.map(\.kernel) == ["7.2"])
    let result = try run(text, MachineOptions(kernel: "6.1"))
    #expect(result.report.isGood)
    #expect(result.report.runs.map(\.isSkipped) == [true])
    #expect(result.sink.output.isEmpty)
    #expect(result.sink.complaints.first?.hasSuffix("skipped, it is for other kernels") == true)
  }

  @Test func `kernels that a script is not for are not compared`() throws {
    let text = "#@ only on 6.12,7.2\necho hello\n#@ expect output hello\n"
    let result = try run(text, MachineOptions(kernel: "6.1,6.12,7.2"))
    #expect(result.report.runs.map(\.isSkipped) == [true, false, false])
    #expect(result.report.comparisons?.map(\.kernels) == [["6.12", "7.2"]])
    let alone = try run(text, MachineOptions(kernel: "6.1,6.12"))
    #expect(alone.report.isGood)
    #expect(alone.report.runs.map(\.isSkipped) == [true, false])
    #expect(alone.report.comparisons == nil)
    #expect(alone.sink.output == "hello\n")
  }

  @Test func `expectations of other kernels count neither way`() throws {
    let text = "#@ expect on 6.1 saved-pages 5\n#@ expect on 7.2 saved-pages 0\n"
    let result = try run(text, MachineOptions(kernel: "7.2"))
    #expect(result.report.isGood)
    #expect(result.report.runs.first?.lines.map(\.isSkipped) == [true, false])
    #expect(result.sink.complaints.last?.hasSuffix("ok, 1 of 1 expectation met") == true)
  }

  @Test(arguments: [
    "frobnicate", "echo 'x > /proc/meminfo", "echo a | cat", "#@ machine memory=0x",
    "#@ machine memory=99999999T", "#@ machine memory=64T", "#@ machine memory=1K",
    "#@ machine nodes=0", "#@ frob", "#@ expect", "cat", "true\n#@ machine memory=1G", "a\0b",
    "#@ kernel 9.9", "#@ map-huge x 2M touch",
  ])
  func `a script that cannot run is refused with its line`(text: String) {
    #expect(throws: InputError.self) { try run(text + "\n") }
  }

  @Test(arguments: ["6.1,", ",6.1", "6.1,host", "6.1,,7.2", "x,y", "6.1,6.1"])
  func `lists of kernels that make no sense are refused`(kernels: String) {
    #expect(throws: InputError.self) { try run("true\n", MachineOptions(kernel: kernels)) }
  }

  @Test(arguments: ["/nonexistent", "/tmp", "/bin/sh", ""])
  func `files that are no scripts are refused`(path: String) throws {
    let sinks = ScriptRun.Sinks(
      output: { _ in }, compared: { _ in }, complain: { _ in }, progress: { _ in })
    let run = try ScriptRun(MachineOptions(), checksInvariants: false)
    #expect(throws: InputError.self) { try run.run([path], sinks) }
  }
}
