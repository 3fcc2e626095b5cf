// SPDX-License-Identifier: Apache-2.0

import Foundation

// Measures what has a target, each beside what it is compared with, and prints one table.
//
//   figures            everything
//   figures --quick    without the twins of 4 TiB
//   figures areas      a plot of what vmalloc areas cost while more and more live
//   figures blocks     only what adding memory costs
//   figures schedules  only how fast interleavings are explored
//   figures torture    only how fast torture goes
//   figures check      only what checking a whole host costs
//   figures twin SIZE  one twin of 4 TiB with pages of SIZE, as JSON: what a child process does

func say(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

func printTable(withLargeTwins: Bool) throws {
  say("measuring batches of 4096 huge pages")
  var figures = try BatchFolding.figures(rounds: 9)
  say("attaching devices of 64 GiB")
  figures += try DeviceAttachment.figures(rounds: 5)
  say("measuring the MMU")
  figures += try Translation.figures(rounds: 25)
  say("freeing and allocating vmalloc areas")
  figures += try AreaCost.measured(rounds: 3).figures
  say("adding memory to running hosts")
  figures += try HotAddCost.measured(rounds: 3).figures
  say("exploring interleavings")
  figures += try ScheduleRate.figures(rounds: 5)
  say("torturing the subsystem")
  figures += try TortureRate.figures(rounds: 5)
  say("checking whole hosts")
  figures += try StateCheck.figures(rounds: 25)
  for size in LargeTwin.Case.all where withLargeTwins {
    say("filling twins of 4 TiB with \(size.name) pages; this takes a minute or two")
    figures += try LargeTwin.figures(of: size)
  }
  print(Table(figures).text)
}

func printTwin(_ name: String) throws {
  guard let twin = LargeTwin.Case.all.first(where: { $0.name == name }) else {
    say("figures: no twin with pages of '\(name)'")
    exit(2)
  }
  let measured = try LargeTwin(order: twin.order)
  FileHandle.standardOutput.write(try JSONEncoder().encode(measured))
}

do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  switch arguments {
  case []: try printTable(withLargeTwins: true)
  case ["--quick"]: try printTable(withLargeTwins: false)
  case ["areas"]: print(try AreaCost.measured(rounds: 5).plot)
  case ["blocks"]: print(Table(try HotAddCost.measured(rounds: 5).figures).text)
  case ["schedules"]: print(Table(try ScheduleRate.figures(rounds: 5)).text)
  case ["torture"]: print(Table(try TortureRate.figures(rounds: 5)).text)
  case ["check"]: print(Table(try StateCheck.figures(rounds: 25)).text)
  case let words where words.count == 2 && words[0] == "twin": try printTwin(words[1])
  default:
    say("usage: figures [--quick | areas | blocks | schedules | torture | check]")
    exit(2)
  }
} catch {
  say("figures: \(error)")
  exit(1)
}
