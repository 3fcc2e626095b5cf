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
    var isDirectory: ObjCBool = false
    guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw InputError("\(path): no such file")
    }
    if isDirectory.boolValue { throw InputError("\(path): a directory; name a file") }
    guard let file = FileHandle(forReadingAtPath: path) else {
      throw InputError("\(path): cannot be read: \(errorText())")
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
      throw InputError("\(name): cannot be read: \(errorText())")
    }
    guard bytes.count <= limit else {
      throw InputError("\(name): more than \(ByteText.short(UInt(limit))); no script is that long")
    }
    return bytes
  }

  private static func errorText() -> String { unsafe String(cString: strerror(errno)) }
}
