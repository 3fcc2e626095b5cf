// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo boot`
struct BootCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "boot",
    abstract: "Run scripts on the kernel, in QEMU.",
    discussion: """
      The core that a twin has boots here as a kernel, on a processor's own page tables. Each script \
      gets a fresh machine, large enough for the one that it describes; what the console shows is \
      what hvo run prints. Without a script, lines can be typed: exit or Control-D leaves, Control-C \
      ends QEMU.

      In a checkout of the repository the kernel is built first, as far as it is not the newest. It \
      is for x86-64, or for arm64 if a script's machine or --arch wants that.

      Examples:
        hvo boot                              type lines
        hvo boot --memory 2G --nodes 2 --append "hugetlb_free_vmemmap=on"
        hvo boot Tests/Scripts/two-nodes.hvo --check
        hvo boot Tests/Scripts/arm64-virt.hvo
        hvo boot script.hvo --qemu "-icount shift=0,sleep=off"

      Exit codes: that of the worst script; 0, 1 and 2 as those of hvo run, and 3 if the kernel \
      itself failed, did not end in time, or QEMU ended without it.
      """)

  @Argument(
    help: ArgumentHelp(
      "Script files; - is standard input. Without any, lines are typed.", valueName: "script"))
  var scripts: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The architecture: x86_64 or arm64.", valueName: "name"))
  var arch: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The memory of the real machine; 12G unless said, and more if a script's needs it. The "
        + "kernel's own lies at its end.", valueName: "size"))
  var memory: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("How many nodes share the memory; 1 unless said.", valueName: "count"))
  var nodes: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The number of CPUs; 4 unless said, and more if a script's machine has.", valueName: "count"))
  var cpus: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Words for the kernel's command line, before those of the script. May be repeated.",
      valueName: "word…"))
  var append: [String] = []

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "A kernel that ./dev metal build made, as it is, instead of building one.", valueName: "file")
  )
  var kernelImage: String?

  @Flag(help: "Check all invariants after every line.")
  var check = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How long a kernel may take; 120 with a script unless said, 0 for ever.", valueName: "count"))
  var seconds: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The board that QEMU plays; pc on x86-64 (or q35), virt on arm64 unless said.",
      valueName: "name"))
  var machine: String?

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Further arguments for QEMU, with blanks between. -serial and -monitor take the place of "
        + "hvo's own, and with a monitor standard input goes to QEMU. May be repeated.",
      valueName: "argument…"))
  var qemu: [String] = []

  @Flag(help: "Print JSON, when all scripts are done.")
  var json = false

  private var request: BootRequest {
    BootRequest(
      architecture: arch, memory: memory, nodes: nodes, cpus: cpus, board: machine, append: append,
      kernelImage: kernelImage, seconds: seconds, checksInvariants: check, emulator: qemu)
  }

  func run() throws {
    guard !json || !scripts.isEmpty else {
      throw InputError("--json tells what came of scripts; name some")
    }
    let console = Console()
    let show: ([UInt8]) -> Void = { bytes in
      if !json { console.write(bytes) }
    }
    var run = BootRun(request)
    let report = try run.run(
      scripts, BootRun.Sinks(output: show, complain: console.complain))
    if json { console.print(try JSONText.text(of: report)) }
    guard report.exitCode == 0 else { throw ExitCode(report.exitCode) }
  }
}
