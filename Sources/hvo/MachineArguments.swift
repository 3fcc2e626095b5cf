// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// The options that say which machine and kernel the twin is of.
struct MachineArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The twin of the host whose /proc and /sys files lie below DIR.", valueName: "dir"))
  var sysroot: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The twin of a machine with this much memory, a size for each node: 64G or 64G,64G.",
      valueName: "size,…"))
  var memory: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The architecture, such as x86_64 or arm64-64k.", valueName: "name"))
  var arch: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "The kernel to imitate: 5.14, 6.1, 6.12, 7.2, unified or host.", valueName: "name"))
  var kernel: String?

  @Option(
    parsing: .unconditional, help: ArgumentHelp("The number of CPUs.", valueName: "count"))
  var cpus: String?

  /// The options as the kit takes them.
  var options: MachineOptions {
    MachineOptions(
      sysroot: sysroot, memory: memory, architecture: arch, kernel: kernel, cpus: cpus)
  }
}
