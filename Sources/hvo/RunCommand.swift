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
      fresh twin: the one that it describes, or 1 GiB on one node. Options win over the script, \
      but on kernels that it is not for (#@ only on …) a script is skipped. \
      What scripts print goes to standard output, what goes wrong to standard error.

      Several kernels are compared: --kernel 6.1,6.12,7.2 runs each script on each of them, and \
      prints one transcript. What the kernels agree about stands there once; what differs has ! \
      in the first column and is told of each kernel, FAILED where an expectation is not met. \
      Differences are no failure.
      """)

  @Argument(
    help: ArgumentHelp("Script files; - is standard input.", valueName: "script"))
  var scripts: [String]

  @OptionGroup var machine: MachineArguments

  @Flag(help: "Check all invariants after every line.")
  var check = false

  @Flag(help: "Of several kernels, show only the lines that differ or fail.")
  var onlyDifferences = false

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let run = try ScriptRun(machine.options, checksInvariants: check)
    guard run.comparesKernels || !onlyDifferences else {
      throw InputError(
        "--only-differences compares kernels; name several with --kernel, such as 6.1,7.2")
    }
    let report = try run.run(scripts, json ? jsonSinks(console) : textSinks(console))
    if json { console.print(try JSONText.text(of: report)) }
    guard report.isGood else { throw Ending.differs }
  }

  private func textSinks(_ console: Console) -> ScriptRun.Sinks {
    let scope: ComparisonScope = onlyDifferences ? .differences : .everything
    var isFirst = true
    return ScriptRun.Sinks(
      output: console.write,
      compared: { comparison in
        console.clearProgress()
        if !isFirst { console.print("") }
        isFirst = false
        for line in comparison.text(scope, width: console.width, console.style) {
          console.print(line)
        }
      },
      complain: console.complain, progress: console.progress)
  }

  /// Standard output is for the JSON alone.
  private func jsonSinks(_ console: Console) -> ScriptRun.Sinks {
    ScriptRun.Sinks(
      output: { _ in },
      compared: { for line in $0.complaints { console.complain(line) } },
      complain: console.complain, progress: console.progress)
  }
}
