// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo snapshot`
struct SnapshotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "snapshot",
    abstract: "Copy the files that describe a host, for plan --sysroot on another machine.",
    discussion: "Root can read more of them. Nothing that exists is overwritten.")

  @Argument(help: ArgumentHelp("A directory that is empty or does not exist.", valueName: "dir"))
  var directory: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Copy the host below DIR instead of this one.", valueName: "dir"))
  var sysroot: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let report = try SnapshotRun(directory: directory, sysroot: sysroot)
      .run(progress: console.progress)
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
  }
}
