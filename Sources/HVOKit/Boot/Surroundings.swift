// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Where this process is: what finding a kernel and an emulator depends on.
public struct Surroundings: Sendable {
  /// The folders with programs, as `PATH` has them.
  var programFolders: [String]
  /// This program.
  var executable: String
  var currentFolder: String
  /// Where files may lie for a while.
  var temporaryFolder: String

  init(path: String, executable: String, currentFolder: String, temporaryFolder: String) {
    programFolders = path.split(separator: ":").map(String.init)
    (self.executable, self.currentFolder) = (executable, currentFolder)
    self.temporaryFolder = temporaryFolder
  }

  /// Those of this process.
  public static var own: Self {
    Self(
      path: ProcessInfo.processInfo.environment["PATH"] ?? "",
      executable: URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path,
      currentFolder: FileManager.default.currentDirectoryPath,
      temporaryFolder: FileManager.default.temporaryDirectory.path)
  }

  /// The first program called `name`.
  func program(_ name: String) -> String? {
    programFolders.lazy.map { "\($0)/\(name)" }.first { path in
      FileManager.default.isExecutableFile(atPath: path)
    }
  }

  /// The program that plays a machine.
  ///
  /// - Throws: ``InputError`` with what to install if there is none.
  func emulator(for architecture: BootArchitecture) throws(InputError) -> String {
    if let program = program(architecture.emulator) { return program }
    throw InputError(
      "there is no \(architecture.emulator) on PATH; on Debian and Ubuntu, run as root: "
        + "apt-get install \(architecture.package). Elsewhere the package is called "
        + "\(architecture.emulator), \(architecture.package) or qemu")
  }
}
