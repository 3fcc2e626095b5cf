// SPDX-License-Identifier: Apache-2.0

import Foundation
import LinuxHost
import SystemPackage

/// A directory that looks like the `/` of a host: one kept with the tests, or made of a few lines.
struct Sysroot: ~Copyable {
  let path: FilePath
  private let isTemporary: Bool

  /// The kept host called `name`.
  init(fixture name: String) {
    path = FilePath(Bundle.module.resourcePath ?? ".").appending("Fixtures").appending(name)
    isTemporary = false
  }

  /// A new host that has just `files`: text by path. A path that ends in a slash is a directory.
  init(_ files: [String: String]) throws {
    path = Self.freshPath()
    isTemporary = true
    try FileManager.default.createDirectory(
      atPath: path.string, withIntermediateDirectories: true)
    for (name, text) in files { try add(text, at: name) }
  }

  deinit {
    if isTemporary { try? FileManager.default.removeItem(atPath: path.string) }
  }

  /// A path in the temporary directory where nothing is yet.
  static func freshPath() -> FilePath {
    FilePath(NSTemporaryDirectory()).appending("linux-host-\(UUID().uuidString)")
  }

  /// Adds a file with `text`, or an empty directory if `name` ends in a slash.
  func add(_ text: String, at name: String) throws {
    let place = path.appending(String(name.drop { $0 == "/" }))
    let folder = name.hasSuffix("/") ? place : place.removingLastComponent()
    try FileManager.default.createDirectory(
      atPath: folder.string, withIntermediateDirectories: true)
    if !name.hasSuffix("/") {
      try Data(text.utf8).write(to: URL(fileURLWithPath: place.string))
    }
  }

  /// Reads the host.
  func read() throws(HostReadError) -> HostDescription { try HostReader(root: path).read() }
}

extension HostDescription {
  /// Whether a note about the file at `path` contains `text`.
  func notes(_ text: String, about path: String) -> Bool {
    notes.contains { $0.path == path && $0.text.contains(text) }
  }
}

extension Int {
  var kilobytes: UInt { UInt(self) << 10 }
  var megabytes: UInt { UInt(self) << 20 }
  var gigabytes: UInt { UInt(self) << 30 }
}

/// The text of a `/proc/meminfo` with `total` and nothing else.
func meminfo(total: UInt) -> String { "MemTotal:       \(total >> 10) kB\n" }
