// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo plan`
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Tell what optimized huge pages would give back and cost.",
    discussion: """
      Each case is run in a fresh twin. Without --pool these are pools that fill 50% and 90% of \
      each node's free memory, with 2M and with 1G pages. All --pool options together are one case.
      """)

  @OptionGroup var machine: MachineArguments

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A pool: 2M=512 or 1G=50% spread over all nodes, 1G@0=12 on node 0. May be repeated.",
      valueName: "size[@node]=count|percent%"))
  var pool: [String] = []

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let report = try PlanRunner(machine.options, pools: pool).run(progress: console.progress)
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
  }
}
