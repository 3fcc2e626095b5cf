// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo replay`
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Replay records of real kernels in a twin, and print each difference.")

  @Argument(help: ArgumentHelp("Records, JSON files.", valueName: "record.json"))
  var records: [String]

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    var report = ReplayReport()
    var isUnusable = false
    for (index, file) in records.enumerated() {
      console.progress("hvo: record \(index + 1) of \(records.count): \(file) …")
      do {
        try report.replay(file)
        console.clearProgress()
        guard !json else { continue }
        for line in report.textOfLast(console.style) { console.print(line) }
      } catch {
        console.complain("hvo: \(error)")
        isUnusable = true
      }
    }
    if json { console.print(try JSONText.text(of: report)) }
    if isUnusable { throw Ending.unusable }
    if report.differenceCount > 0 { throw Ending.differs }
  }
}
