// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Text files that the user names.
enum InputFile {
  /// More bytes than any script has.
  static let limit = 16 << 20

  /// Reads the file at `path`; `-` is standard input.
  ///
  /// - Throws: ``InputError`` if it is missing, a directory, too large or no text.
  static func text(at path: String) throws(InputError) -> [UInt8] {
    let name = path == "-" ? "standard input" : path
    let bytes = try path == "-" ? read(.standardInput, name) : readFile(path)
    if let position = bytes.firstIndex(of: 0) {
      throw InputError("\(name): a zero byte at offset \(position); this is no text file")
    }
    return bytes
  }

  private static func readFile(_ path: String) throws(InputError) -> [UInt8] {
    guard !path.isEmpty else { throw InputError("an empty name; name a file") }
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
      throw InputError("\(path): no such file, or not in a directory that you may look into")
    }
    guard attributes[.type] as? FileAttributeType != .typeDirectory else {
      throw InputError("\(path): a directory; name a file")
    }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw InputError("\(path): cannot be read; you may lack the right to")
    }
    defer { try? file.close() }
    return try read(file, path)
  }

  private static func read(_ file: FileHandle, _ name: String) throws(InputError) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
      while bytes.count <= limit, let part = try file.read(upToCount: 1 << 20), !part.isEmpty {
        bytes += part
      }
    } catch {
      throw InputError("\(name): cannot be read (\(error.localizedDescription))")
    }
    guard bytes.count <= limit else {
      throw InputError("\(name): more than \(ByteText.short(UInt(limit))); no script is that long")
    }
    return bytes
  }
}
