// SPDX-License-Identifier: Apache-2.0

/// A text with one offset into the table in each line.
///
/// ```
/// # a comment
/// 4096
/// 0x7ffff8
/// ```
enum OffsetTrace {
  /// Reads a file; `-` is standard input.
  ///
  /// - Throws: ``InputError`` that names the line.
  static func read(_ path: String) throws(InputError) -> [UInt] {
    let text: [UInt8]
    do throws(InputError) {
      text = try InputFile.text(at: path)
    } catch {
      throw InputError(
        "--workload: \(error); or choose one of \(TLBWorkload.names.joined(separator: ", "))")
    }
    return try offsets(in: text, name: path == "-" ? "standard input" : path)
  }

  /// The offsets in `text`.
  static func offsets(in text: [UInt8], name: String) throws(InputError) -> [UInt] {
    var offsets: [UInt] = []
    let lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, bytes) in lines.enumerated() {
      let whole = String(decoding: bytes, as: UTF8.self)
      let line = whole.prefix { $0 != "#" }.trimmingBlanks
      guard !line.isEmpty else { continue }
      guard let offset = number(line) else {
        throw InputError(
          "\(name): line \(index + 1): \(InputError.quote(line)) is no offset; write one number in "
            + "each line, such as 4096 or 0x1000")
      }
      offsets.append(offset)
    }
    guard !offsets.isEmpty else {
      throw InputError("\(name): no offset in it; write one number in each line")
    }
    return offsets
  }

  private static func number(_ text: Substring) -> UInt? {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = isHexadecimal ? text.dropFirst(2) : text
    guard let first = digits.first, first.isHexDigit else { return nil }
    return UInt(digits, radix: isHexadecimal ? 16 : 10)
  }
}

extension Substring {
  /// Without blanks, tabs and carriage returns at both ends.
  fileprivate var trimmingBlanks: Substring {
    func isBlank(_ character: Character) -> Bool { " \t\r".contains(character) }
    var text = drop(while: isBlank)
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
  }
}
