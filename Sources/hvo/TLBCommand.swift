// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// `hvo tlb`
struct TLBCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tlb",
    abstract: "Count page walks for a kernel's table in small and in huge pages.",
    discussion: """
      A twin allocates the table in a vmalloc area, once with base pages and once with the largest \
      leaves that fit; a model of a processor's data TLB runs a workload on both. \
      A workload is dentry-hash (the look-ups of git diff over a tree as large as the kernel's), \
      random, stride, or a file with one byte offset into the table in each line (4096 or 0x1000; \
      # begins a comment).

      Examples:
        hvo tlb --cpu kabylake --workload dentry-hash --guest
        hvo tlb --cpu zen4 --workload random --table 64M --coalesce
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The processor: kabylake, skylake, haswell, zen1, zen2, zen3, zen4, neoverse-n1, neoverse-v1 "
        + "or neoverse-n2.", valueName: "name"))
  var cpu: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "dentry-hash, random, stride or a file; - is standard input.", valueName: "name"))
  var workload: String

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The size of the table; 8M unless said.", valueName: "size"))
  var table: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many files git diff looks up, or how often the table is read.", valueName: "count"))
  var lookups: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The kernel that maps it: 5.14, 6.1, 6.12, 7.2, unified or host.", valueName: "name"))
  var kernel: String?

  @Flag(help: "The machine is a guest: a TLB entry is good for no more than a page of the host.")
  var guest = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The pages with which the host maps the guest: 4K, 2M or 1G; 2M unless said.",
      valueName: "size"))
  var hostPages: String?

  @Flag(help: "Small pages that lie together share a TLB entry (Zen and Neoverse).")
  var coalesce = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The hardware threads of the core at work in dentry-hash; all unless said.",
      valueName: "count"))
  var threads: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Where random numbers start; 1 unless said.", valueName: "number"))
  var seed: String?

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let console = Console()
    let run = try TLBRun(
      TLBOptions(
        cpu: cpu, workload: workload, table: table, lookups: lookups, kernel: kernel,
        isGuest: guest, hostPages: hostPages, coalesces: coalesce, threads: threads, seed: seed))
    let report = try run.run(progress: console.progress)
    console.clearProgress()
    if json {
      console.print(try JSONText.text(of: report))
    } else {
      for line in report.text(console.style) { console.print(line) }
    }
  }
}
