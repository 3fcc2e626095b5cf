// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The command `hvo` as it was built.
enum BuiltCommand {
  /// Where it is: beside the tests.
  static let path: String? = {
    var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    for _ in 0..<3 {
      let file = folder.appendingPathComponent("hvo").path
      if FileManager.default.isExecutableFile(atPath: file) { return file }
      folder = folder.deletingLastPathComponent()
    }
    return nil
  }()
}
