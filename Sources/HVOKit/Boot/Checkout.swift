// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A checkout of this repository, where kernels are built.
struct Checkout: Equatable, Sendable {
  var folder: String

  /// The checkout that `place` lies in; nil if it lies in none.
  init?(around place: String) {
    var folder = URL(fileURLWithPath: place)
    while !Self.isCheckout(folder) {
      guard folder.path != "/" else { return nil }
      folder = folder.deletingLastPathComponent()
    }
    self.folder = folder.path
  }

  private static func isCheckout(_ folder: URL) -> Bool {
    let files = FileManager.default
    return files.isExecutableFile(atPath: folder.appendingPathComponent("dev").path)
      && files.fileExists(atPath: folder.appendingPathComponent("Metal/Package.swift").path)
  }

  /// Where `./dev metal build` leaves a kernel.
  func kernel(for architecture: BootArchitecture) -> String {
    "\(folder)/.build/metal/\(architecture.rawValue)/\(architecture.triple)/release/Kernel"
  }

  /// Builds a kernel, as far as it is not the newest; what is being done goes to standard error.
  ///
  /// - Throws: ``InputError`` if that fails.
  func build(_ architecture: BootArchitecture) throws(InputError) {
    let process = GuardedProcess(
      program: "\(folder)/dev", arguments: ["metal", "build", "--arch", architecture.rawValue])
    let ending = try process.run()
    guard ending == .exited(0) else {
      throw InputError(
        "the kernel cannot be built in \(folder), and what is above says why; mend that, or name a "
          + "kernel with --kernel-image")
    }
  }

  /// Puts names to the addresses that `backtrace` has, on standard error.
  ///
  /// - Returns: whether it could be done.
  func symbolise(_ backtrace: [String], _ architecture: BootArchitecture, show: (String) -> Void)
    -> Bool
  {
    let process = GuardedProcess(
      program: "\(folder)/dev", arguments: ["metal", "symbolise", "--arch", architecture.rawValue],
      input: .text(backtrace.map { "\($0)\n" }.joined()))
    var names: [UInt8] = []
    let ending = try? process.run(limit: .seconds(60)) { names += $0 }
    for line in names.split(separator: UInt8(ascii: "\n")) {
      show(String(decoding: line, as: UTF8.self))
    }
    return ending == .exited(0)
  }
}
