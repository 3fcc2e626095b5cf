// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Reports as JSON: keys in `snake_case` and in alphabetical order, so that two reports can be
/// compared line by line.
public enum JSONText {
  /// The JSON of `value`, without a final newline.
  public static func text(of value: some Encodable) throws(InputError) -> String {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw InputError("the report cannot be written as JSON: \(error)")
    }
  }
}
