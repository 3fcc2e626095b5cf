// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

/// A folder with a program that stands in for QEMU, and files that look like kernels.
struct FakeEmulator {
  let folder: URL

  /// - Parameter body: what the program does, in shell.
  init(_ body: String, for architecture: BootArchitecture = .x86) throws {
    folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("boot-\(UUID().uuidString)").resolvingSymlinksInPath()
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try addProgram(architecture.emulator, body)
    try addKernel("Kernel")
  }

  /// Adds a program.
  ///
  /// A shell writes it. Were it open for writing in this process, another test that starts a program
  /// at that moment would have it open, too, and the kernel runs no file that somebody writes to.
  func addProgram(_ name: String, _ body: String) throws {
    let writer = Process()
    writer.executableURL = URL(filePath: "/bin/sh")
    writer.arguments = [
      "-c", #"mkdir -p "${0%/*}" && printf '%s\n' "$1" > "$0" && chmod 755 "$0""#,
      folder.appendingPathComponent(name).path, "#!/bin/sh\n\(body)",
    ]
    try writer.run()
    writer.waitUntilExit()
    try #require(writer.terminationStatus == 0)
  }

  /// Adds a file that begins as a kernel does.
  func addKernel(_ name: String, _ architecture: BootArchitecture = .x86) throws {
    let file = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(Self.head(architecture)).write(to: file)
  }

  /// The first bytes of a kernel.
  static func head(_ architecture: BootArchitecture) -> [UInt8] {
    var head = [UInt8](repeating: 0, count: 64)
    switch architecture {
    case .x86:
      head.replaceSubrange(0...3, with: [0x7F, 0x45, 0x4C, 0x46])
      head[18] = 62
    case .arm64: head.replaceSubrange(56...59, with: "ARMd".utf8)
    }
    return head
  }

  /// A file in the folder.
  func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// What a file in the folder says; nil if there is none.
  func text(_ name: String) -> String? {
    FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// A process that has the folder's programs, and lies in no checkout.
  var surroundings: Surroundings {
    Surroundings(
      path: "/nowhere:\(folder.path):/usr/bin:/bin", executable: path("hvo"),
      currentFolder: folder.path, temporaryFolder: folder.path)
  }

  func remove() { try? FileManager.default.removeItem(at: folder) }
}
