// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo shell`
struct ShellCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "shell",
    abstract: "Work in a twin interactively.",
    discussion: """
      Type the lines of scripts; help lists them. Without a terminal, lines are read from standard \
      input and run one by one.
      """)

  @OptionGroup var machine: MachineArguments

  func run() throws {
    guard try ShellSession(machine.options, Console()).run() else { throw Ending.differs }
  }
}
