// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo run`
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run scripts in a twin.",
    discussion: """
      A script has lines that a Linux shell would run too (echo, printf, cat, ls) and directives \
      (#@ machine, #@ expect, …); Documentation/Scripts.md has the language. Each script gets a \
      fresh twin: the one that it describes, or 1 GiB on one node. Options win over the script. \
      What scripts print goes to standard output, what goes wrong to standard error.
      """)

  @Argument(
    help: ArgumentHelp("Script files; - is standard input.", valueName: "script"))
  var scripts: [String]

  @OptionGroup var machine: MachineArguments

  @Flag(help: "Check all invariants after every line.")
  var check = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let isJSON = json
    let sinks = ScriptRun.Sinks(
      output: { if !isJSON { console.write($0) } }, complain: console.complain,
      style: console.style)
    let report = try ScriptRun(machine.options, checksInvariants: check).run(scripts, sinks)
    if json { console.print(try JSONText.text(of: report)) }
    guard report.isGood else { throw Ending.differs }
  }
}
