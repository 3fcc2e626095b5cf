// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import HVOKit

/// The command `hvo`.
struct HVO: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hvo",
    abstract: "What would vmemmap optimization (HVO) of huge pages do on this host?",
    discussion: """
      hvo builds a page-exact twin of a Linux host inside its own process, and makes huge pages in \
      it. Nothing on the host is changed.

      Examples:
        hvo plan                              this host, 50% and 90% of its free memory
        hvo plan --pool 1G=200 --pool 2M@0=25%
        hvo plan --memory 512G,512G --kernel 6.12 --json
        hvo plan --memory 64G --hot-add 16G@1
        hvo tlb --cpu kabylake --workload dentry-hash --guest
        hvo snapshot /tmp/host                on one machine, and then, on another:
        hvo plan --sysroot /tmp/host
        hvo run script.hvo --check --kernel 6.1,6.12,7.2
        hvo shell --memory 4G
        hvo boot script.hvo                   on a kernel in QEMU
        hvo replay Tests/ConformanceTests/Golden/a1-*.json
        hvo torture --for 10m

      Exit codes: 0 all is well; 1 a record differs, an expectation is not met or an invariant does \
      not hold; 2 an option, file or machine cannot be used; 3 a kernel that was booted failed.
      """,
    version: "hvo \(HVOVersion.text)",
    subcommands: [
      PlanCommand.self, RunCommand.self, ShellCommand.self, BootCommand.self,
      ReplayCommand.self, TortureCommand.self, TLBCommand.self, SnapshotCommand.self,
    ],
    defaultSubcommand: PlanCommand.self)
}

/// How the command can end; `Documentation/ExitCodes.md` says more.
enum Ending {
  /// Something is not as it should be, and the report says what.
  static let differs = ExitCode(1)
  /// An option, file or machine cannot be used.
  static let unusable = ExitCode(2)
}

@main
enum Entry {
  static func main() {
    do {
      var command = try HVO.parseAsRoot()
      try command.run()
      try Console.checkOutput()
    } catch let error as InputError {
      Console().complain("hvo: \(error)")
      HVO.exit(withError: Ending.unusable)
    } catch {
      finish(error)
    }
  }

  /// Ends with help, a version or a complaint of the argument parser; its own code for wrong
  /// usage is 64, which is 2 here.
  private static func finish(_ error: any Error) -> Never {
    do {
      try Console.checkOutput()
    } catch {
      Console().complain("hvo: \(error)")
      HVO.exit(withError: Ending.unusable)
    }
    guard HVO.exitCode(for: error) == .validationFailure else { HVO.exit(withError: error) }
    Console().complain(HVO.fullMessage(for: error))
    HVO.exit(withError: Ending.unusable)
  }
}
