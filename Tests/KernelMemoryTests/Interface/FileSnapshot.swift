// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

/// What all files of a tree say at one moment: everything that a user can see.
struct FileSnapshot: Equatable {
  /// Whether files with a word for each frame are part of it; they are long.
  enum Frames { case left, taken }

  private(set) var texts: [String: [UInt8]] = [:]

  init(_ tree: InterfaceTree, frames: Frames = .left) throws {
    try take("", tree, frames)
  }

  private mutating func take(_ path: String, _ tree: InterfaceTree, _ frames: Frames) throws {
    for name in try tree.entries(of: textBytes(path.isEmpty ? "/" : path)) {
      let path = path + "/" + String(decoding: name, as: UTF8.self)
      let attributes = try tree.attributes(of: textBytes(path))
      switch attributes.kind {
      case .directory: try take(path, tree, frames)
      case .link: texts[path] = try tree.linkTarget(of: textBytes(path))
      case .file:
        if path.hasPrefix("/proc/kpage"), frames == .left { continue }
        if attributes.mode & 0o400 == 0 { continue }
        texts[path] = try tree.read(textBytes(path))
      }
    }
  }

  /// The paths whose texts differ.
  func differences(from other: Self) -> [String] {
    Set(texts.keys).union(other.texts.keys).filter { texts[$0] != other.texts[$0] }.sorted()
  }
}

extension FileHost {
  /// The name of the error that a write of bytes gives, or the number of bytes that it takes.
  func writing(_ bytes: [UInt8], _ path: String) -> String {
    do throws(InterfaceError) {
      return "\(try tree.write(bytes[...], to: textBytes(path)))"
    } catch {
      return "\(error.name)"
    }
  }

  /// All paths that the tree has, with what `ls -l` would say about them; links are not followed.
  func listing(_ path: String = "") throws -> [(path: String, attributes: FileAttributes)] {
    try tree.entries(of: textBytes(path.isEmpty ? "/" : path)).flatMap { name in
      let path = path + "/" + String(decoding: name, as: UTF8.self)
      let attributes = try tree.attributes(of: textBytes(path))
      return [(path, attributes)] + (attributes.kind == .directory ? try listing(path) : [])
    }
  }
}
