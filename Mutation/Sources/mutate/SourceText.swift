// SPDX-License-Identifier: Apache-2.0

/// The bytes of a source file, and the same bytes with all that is no code blanked out.
///
/// Comments become spaces and string literals underscores between quotes, so that offsets agree and
/// whoever looks for operators finds no others.
struct SourceText {
  /// The file, from the root of the package.
  let path: String
  let bytes: [UInt8]
  /// ASCII only.
  let code: [UInt8]
  /// Where each line begins.
  let lineStarts: [Int]
  /// For each byte, the closest bracket still open there; zero outside all.
  let openBracket: [UInt8]

  init(path: String, bytes: [UInt8]) {
    self.path = path
    self.bytes = bytes
    code = SourceMask.code(of: bytes)
    lineStarts = [0] + bytes.indices.filter { bytes[$0] == UInt8(ascii: "\n") }.map { $0 + 1 }
    var open: [UInt8] = []
    var closest: [UInt8] = []
    for byte in code {
      if byte.isClosingBracket, !open.isEmpty { open.removeLast() }
      closest.append(open.last ?? 0)
      if byte.isOpeningBracket { open.append(byte) }
    }
    openBracket = closest
  }

  /// The line, counted from one, that holds the byte at `offset`.
  func lineNumber(of offset: Int) -> Int {
    lineStarts.prefix { $0 <= offset }.count
  }

  /// Where the line, counted from zero, begins and ends, without its newline.
  func range(ofLine index: Int) -> Range<Int> {
    let end = index + 1 < lineStarts.count ? lineStarts[index + 1] - 1 : bytes.count
    return lineStarts[index]..<max(end, lineStarts[index])
  }

  /// `range` without spaces and newlines at its ends.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var range = range
    while let first = range.first, code[first].isSpace { range = (first + 1)..<range.upperBound }
    while let last = range.last, code[last].isSpace { range = range.lowerBound..<last }
    return range
  }

  /// The code of `range`.
  func code(_ range: Range<Int>) -> String { String(decoding: code[range], as: UTF8.self) }

  /// What stands in `range`, comments and strings too.
  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// Whether comments or strings stand in `range`.
  func hidesText(in range: Range<Int>) -> Bool { bytes[range] != code[range] }

  /// Behind the bracket that closes the one at `offset`.
  func end(ofBracketAt offset: Int) -> Int? {
    var depth = 0
    for index in offset..<code.count {
      if code[index].isOpeningBracket { depth += 1 }
      if code[index].isClosingBracket { depth -= 1 }
      if depth == 0 { return index + 1 }
    }
    return nil
  }
}

extension UInt8 {
  var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\n") }

  var isOpeningBracket: Bool {
    self == UInt8(ascii: "(") || self == UInt8(ascii: "[") || self == UInt8(ascii: "{")
  }

  var isClosingBracket: Bool {
    self == UInt8(ascii: ")") || self == UInt8(ascii: "]") || self == UInt8(ascii: "}")
  }

  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

  /// Whether the byte can stand inside a name or a number.
  var isWord: Bool {
    isDigit || self == UInt8(ascii: "_") || self == UInt8(ascii: "$")
      || (self | 0x20 >= UInt8(ascii: "a") && self | 0x20 <= UInt8(ascii: "z"))
  }

  var isOperator: Bool { "+-*/%<>=!&|^~".utf8.contains(self) }
}
