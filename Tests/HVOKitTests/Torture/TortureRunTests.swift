// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemoryLab
import Testing

@testable import HVOKit

@Suite struct `A torture` {
  /// A program that stands in for the worker.
  ///
  /// A shell writes it. Were it open for writing in this process, another test that starts a program
  /// at that moment would have it open, too, and the kernel runs no file that somebody writes to.
  private func program(_ body: String) throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("worker-\(UUID().uuidString)").path
    let writer = Process()
    writer.executableURL = URL(filePath: "/bin/sh")
    writer.arguments = [
      "-c", #"printf '%s\n' "$1" > "$0" && chmod 755 "$0""#, path, "#!/bin/sh\n\(body)",
    ]
    try writer.run()
    writer.waitUntilExit()
    try #require(writer.terminationStatus == 0)
    return path
  }

  private func run(
    _ body: String, _ request: TortureRequest = TortureRequest(time: "10m", what: "random")
  ) throws -> TortureReport {
    let path = try program(body)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try TortureRun(request, executable: path).run(progress: { _ in })
  }

  private static let tally = """
    {"tally":{"operations":7,"machines":2,"refusedMachines":1,"distinctStates":5,"sweptOperations":0,\
    "failures":0,"groups":0,"schedules":0,"isComplete":true,"findings":[]}}
    """

  @Test func `adds up what its workers say`() throws {
    let report = try run(
      "echo '\(Self.tally)'", TortureRequest(time: "10m", what: "random", jobs: "3"))
    #expect(report.isClean)
    #expect(report.explored.operations == 21)
    #expect(report.explored.machines == 6)
    #expect(
      report.text(.plain).first == "random     21 operations on 3 machines, 15 states")
  }

  @Test func `tells what a worker was about to do when it died, and goes on behind it`() throws {
    // The first worker dies in case 4; the second begins behind it. Scripts never kill.
    let report = try run(
      """
      case "$*" in
        *--start\\ random:5) echo '\(Self.tally)' ;;
        *--start*)
          echo '{"begin":{"part":"random","number":4}}'
          while [ "$1" != --journal ]; do shift; done
          echo 'echo 4 > /proc/sys/vm/nr_hugepages' > "$2"
          echo 'Fatal error: a rule' >&2
          kill -TRAP $$ ;;
      esac
      """)
    #expect(!report.isClean)
    #expect(report.explored.operations == 7)
    let finding = try #require(report.explored.findings.first)
    #expect(finding.law == "trap")
    #expect(finding.details.first == "ended by signal 5: Fatal error: a rule")
    #expect(finding.script == "echo 4 > /proc/sys/vm/nr_hugepages\n")
  }

  @Test func `makes a script that kills smaller`() throws {
    let report = try run(
      """
      if [ "$1" = run ]; then
        grep -q deadly && kill -SEGV $$
        exit 0
      fi
      case "$*" in *--start\\ random:1) exit 0 ;; esac
      echo '{"begin":{"part":"random","number":0}}'
      while [ "$1" != --journal ]; do shift; done
      printf '#@ machine cpus=2\\ncat a\\ncat deadly\\ncat b\\n' > "$2"
      kill -SEGV $$
      """)
    #expect(report.explored.findings.map(\.script) == ["#@ machine cpus=2\ncat deadly\n"])
  }

  @Test func `ends with the first worker that dies, if one finding is enough`() throws {
    let report = try run(
      """
      echo '{"begin":{"part":"sweep","number":0}}'
      kill -ILL $$
      """, TortureRequest(time: "10m", what: "sweep,random", endsWithFirst: true))
    #expect(report.explored.findings.count == 1)
  }

  @Test func `gives a part up that kills every worker, and goes on with the next`() throws {
    let report = try run(
      """
      case "$*" in *--start\\ random*) echo '\(Self.tally)'; exit 0 ;; esac
      echo '{"begin":{"part":"sweep","number":0}}'
      kill -ILL $$
      """, TortureRequest(time: "10m", what: "sweep,random"))
    #expect(report.explored.findings.count == 3)
    #expect(report.explored.operations == 7)
    #expect(!report.explored.isComplete)
  }

  @Test func `finds a trap before the first case, too`() throws {
    let report = try run("echo 'Fatal error: boot' >&2; kill -TRAP $$")
    #expect(report.explored.findings.count == 3)
    #expect(report.explored.findings.first?.details == ["ended by signal 5: Fatal error: boot"])
  }

  @Test func `says that no worker could work`() throws {
    #expect(throws: InputError.self) { try run("echo no memory >&2; exit 2") }
    #expect(throws: InputError.self) {
      try TortureRun(TortureRequest(), executable: "/nowhere").run(progress: { _ in })
    }
  }
}

@Suite struct `What is to be tortured` {
  @Test func `is everything for a minute unless said`() throws {
    let options = try TortureRequest().options()
    #expect(options.limit == .time(.seconds(60)))
    #expect(options.parts == TorturePart.allCases)
    #expect(options.kernels.count == 5)
    #expect(options.formats.count == 10)
  }

  @Test(arguments: [("90s", 90), ("90", 90), ("10m", 600), ("2h", 7200)])
  func `ends after a time`(text: String, seconds: Int) throws {
    #expect(try TortureRequest(time: text).options().limit == .time(.seconds(seconds)))
  }

  @Test func `is what is named`() throws {
    let options = try TortureRequest(
      seed: "12", steps: "1000", what: "random,sweep", architectures: "arm64,riscv64",
      kernels: "6.1,unified", jobs: "4"
    ).options()
    #expect(options.seed == 12)
    #expect(options.limit == .steps(1000))
    #expect(options.parts == [.sweep, .random])
    #expect(options.formats.map { "\($0.name)" } == ["arm64-4k", "riscv64-sv48"])
    #expect(options.kernels.map { "\($0.name)" } == ["6.1", "unified"])
    #expect(options.share.count == 4)
  }

  @Test(arguments: [
    TortureRequest(seed: "-1"), TortureRequest(time: "0s"), TortureRequest(time: "1d"),
    TortureRequest(time: "5s", steps: "5"), TortureRequest(steps: "many"),
    TortureRequest(what: "nothing"), TortureRequest(architectures: "vax"),
    TortureRequest(what: "schedules", architectures: "riscv64"), TortureRequest(kernels: "host"),
    TortureRequest(kernels: "2.6"), TortureRequest(jobs: "0"),
  ])
  func `is refused with a word if it cannot be read`(request: TortureRequest) {
    #expect(throws: InputError.self) { try request.options() }
  }
}
