// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo torture`
struct TortureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "torture",
    abstract: "Try to break the memory subsystem, and print what breaks it.",
    discussion: """
      sweep fails every allocation of every operation, one at a time, for good, and in pairs. \
      schedules runs pairs of operations on two CPUs in every order with up to two preemptions. \
      random runs operations that nobody would think of on machines that nobody would design. \
      After each step every invariant is checked. What fails is made as small as it can be, and \
      printed as a script for hvo run --check and as a Swift test, or as a schedule for --replay.

      Examples:
        hvo torture
        hvo torture --what random --steps 1000000 --jobs 8
        hvo torture --what sweep --kernel 6.12 --arch arm64
        hvo torture --script-for machine.hvo --steps 10000 > random.hvo
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Where chance begins; 1 unless said.", valueName: "number"))
  var seed: String?

  @Option(
    name: .customLong("for"), parsing: .unconditional,
    help: ArgumentHelp("How long: 60s unless said, 10m, 2h.", valueName: "time"))
  var time: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many random operations, instead of a time; the rest is then done completely.",
      valueName: "count"))
  var steps: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("sweep, schedules, random or all; all unless said.", valueName: "part,…"))
  var what: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only these architectures; schedules run on x86-64 and arm64.", valueName: "name,…"))
  var arch: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("Only these kernels.", valueName: "name,…"))
  var kernel: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many processes share the work; 1 unless said.", valueName: "count"))
  var jobs: String?

  @Flag(help: "End with the first finding; of several processes, each with its own.")
  var first = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Run one schedule once more, as a finding prints it.", valueName: "schedule"))
  var replay: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Break nothing: print this script with --steps random operations behind its lines, or with \
      --what sweep, each with the answer that a twin gives. hvo run and hvo boot take it.
      """, valueName: "file"))
  var scriptFor: String?

  @Flag(help: "Print JSON.")
  var json = false

  @Option(help: .hidden)
  var worker: Int?

  @Option(help: .hidden)
  var start = ""

  @Option(help: .hidden)
  var journal = ""

  private var request: TortureRequest {
    TortureRequest(
      seed: seed, time: time, steps: steps, what: what, architectures: arch, kernels: kernel,
      jobs: jobs, endsWithFirst: first)
  }

  func run() throws {
    if let worker {
      try TortureWorker(request, index: worker, start: start, journal: journal).run()
      return
    }
    let console = Console()
    if let scriptFor { return console.print(try TortureScript(behind: scriptFor, request).text) }
    if let replay { return try show(try ScheduleReplay(replay), console) }
    let report = try TortureRun(request).run(progress: { console.progress($0) })
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
    guard report.isClean else { throw Ending.differs }
  }

  private func show(_ replay: ScheduleReplay, _ console: Console) throws {
    if json {
      console.print(try JSONText.text(of: replay))
    } else {
      for line in replay.text { console.print(line) }
    }
    guard replay.complaints.isEmpty else { throw Ending.differs }
  }
}
