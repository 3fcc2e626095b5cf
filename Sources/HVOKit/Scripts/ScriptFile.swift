// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// A script that was read, with its text for messages.
struct ScriptFile {
  /// The file's name; `standard input` for `-`.
  let name: String
  let script: Script
  /// The text as it was read.
  let bytes: [UInt8]
  private let lines: [String]

  /// Reads the script at `path`; `-` is standard input.
  ///
  /// - Throws: ``InputError``, with the number and text of a line that is not understood.
  init(at path: String) throws(InputError) {
    try self.init(
      name: path == "-" ? "standard input" : path, bytes: try InputFile.text(at: path))
  }

  /// Reads a script from its text.
  ///
  /// - Throws: ``InputError``.
  init(name: String, bytes: [UInt8]) throws(InputError) {
    (self.name, self.bytes) = (name, bytes)
    guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]) else {
      throw InputError(
        "\(name): line 1: begins with a byte order mark, which no shell understands; save the "
          + "file as UTF-8 without one")
    }
    lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    do throws(ScriptError) {
      script = try Script(bytes[...])
    } catch {
      let text = lines.indices.contains(error.line - 1) ? lines[error.line - 1] : ""
      throw InputError(
        "\(name): line \(error.line): \(InputError.quote(text)): \(error.problem.message)")
    }
  }

  /// The text of line `number`, from 1.
  func text(ofLine number: Int) -> String {
    lines.indices.contains(number - 1) ? lines[number - 1] : ""
  }
}
