// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A copy of a script for the loader: what was read is what runs, also if it came from a pipe.
struct BootScript {
  let path: String

  /// Writes the copy.
  ///
  /// - Throws: ``InputError`` if there is no room.
  init(_ script: ScriptFile, in folder: String) throws(InputError) {
    path = "\(folder)/hvo-boot-\(UUID().uuidString).hvo"
    // A loader passes nothing on that has no bytes, and without a script the kernel asks for lines.
    let bytes = script.bytes.isEmpty ? [UInt8(ascii: "\n")] : script.bytes
    guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
      throw InputError("no copy of the script can be written at \(path); make room, or set TMPDIR")
    }
  }

  /// Removes the copy.
  func remove() { try? FileManager.default.removeItem(atPath: path) }
}
