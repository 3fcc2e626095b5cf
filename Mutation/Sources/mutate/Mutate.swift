// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// Faults on purpose.
@main
struct Mutate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Puts faults into a copy of the package and looks who notices.",
    subcommands: [MutantsCommand.self, BugsCommand.self])
}

/// What both commands need to know.
struct RunOptions: ParsableArguments {
  @Option(help: "The root of the package.")
  var root = "."

  @Option(help: "How many small changes there are.")
  var count = 200

  @Option(help: "What the choice of small changes starts from.")
  var seed: UInt64 = 1

  @Option(help: "How many faults are tried at a time.")
  var jobs = 1

  @Option(help: "Seconds of `hvo torture` for each fault; 0 leaves it out.")
  var torture = 60

  @Flag(help: "Run what is built already.")
  var skipBuild = false

  @Flag(help: "Forget what earlier runs found out.")
  var fresh = false

  func copy() throws -> PackageCopy {
    try PackageCopy(root: URL(filePath: root).standardizedFileURL, name: "faults")
  }
}

/// Tells a person how far it is.
func note(_ text: String) {
  FileHandle.standardError.write(Data((text + "\n").utf8))
}

extension PackageCopy {
  /// Builds the tests and `hvo`, optimised but with the assertions that `./dev test` has.
  func build() throws {
    let log = logs.appending(path: "build.log")
    for product in [["--build-tests"], ["--product", "hvo"]] {
      note("building \(product.last ?? "") of the copy; see \(log.path)")
      let command = Command(
        program: "swift",
        arguments: [
          "build", "-c", "release", "-Xswiftc", "-enable-testing", "-Xswiftc", "-assert-config",
          "-Xswiftc", "Debug",
        ] + product, folder: package, log: log, megabytesLimit: .max)
      let (outcome, seconds) = try command.run()
      guard outcome == .exited(0) else {
        let text = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        throw Failure("the copy does not build:\n\(text.suffix(3000))")
      }
      note(String(format: "  built in %.0f s", seconds))
    }
  }
}
