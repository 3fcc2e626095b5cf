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

      With --hot-add or --dax the question is another: what does memory cost that is plugged in, or \
      a device's memory that is used as device-DAX; where do its descriptors go, and what cannot be \
      taken offline later?
        hvo plan --memory 64G --hot-add 16G@1 --memmap-on-memory
        hvo plan --memory 64G --dax 64G --align 1G --map mem
      """)

  @OptionGroup var machine: MachineArguments

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "A pool: 2M=512 or 1G=50% spread over all nodes, 1G@0=12 on node 0. May be repeated.",
      valueName: "size[@node]=count|percent%"))
  var pool: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Memory to be plugged in, on a node that may be new.", valueName: "size[@node]"))
  var hotAdd: String?

  @Flag(help: "Plugged in memory holds its own descriptors (memory_hotplug.memmap_on_memory=1).")
  var memmapOnMemory = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A device's memory: a size, START+SIZE, or START-END as in /proc/iomem.",
      valueName: "size|range"))
  var dax: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The pages that the device consists of: 4K, 2M or 1G; 2M unless said.", valueName: "size"))
  var align: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Where the device's descriptors go: mem (ordinary memory, unless said) or dev (the device).",
      valueName: "mem|dev"))
  var map: String?

  @Flag(help: "Print JSON.")
  var json = false

  private var memory: MemoryWishOptions {
    MemoryWishOptions(
      hotAdd: hotAdd, memmapOnMemory: memmapOnMemory, dax: dax, align: align, map: map)
  }

  func run() throws {
    guard memory.isEmpty else { return try planMemory() }
    let console = Console()
    let report = try PlanRunner(machine.options, pools: pool).run(progress: console.progress)
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
  }
  private func planMemory() throws {
    let console = Console()
    let report = try MemoryPlanRunner(machine.options, memory, pools: pool)
      .run(progress: console.progress)
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
  }
}
