// SPDX-License-Identifier: Apache-2.0

/// Breaking sentences into lines that fit a terminal of the usual width.
enum TextWrap {
  /// The most characters of a line: one less than the columns of the usual terminal.
  static let width = 79

  /// `text` in lines that begin with `indent` blanks, and all but the first with two more; a word
  /// that is too long has a line of its own.
  static func lines(_ text: String, indent: Int = 2) -> [String] {
    var lines: [String] = []
    var line = String(repeating: " ", count: indent)
    var isEmpty = true
    for word in text.split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = String(repeating: " ", count: indent + 2)
        isEmpty = true
      }
      line += isEmpty ? word : " \(word)"
      isEmpty = false
    }
    return isEmpty ? lines : lines + [line]
  }
}
