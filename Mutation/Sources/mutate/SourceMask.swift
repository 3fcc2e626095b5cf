// SPDX-License-Identifier: Apache-2.0

/// Blanks out what is no code: a reader of Swift that knows comments and strings and nothing else.
struct SourceMask {
  private let bytes: [UInt8]
  private var code: [UInt8]
  private var place = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    code = bytes
  }

  static func code(of bytes: [UInt8]) -> [UInt8] {
    var mask = Self(bytes)
    while mask.place < bytes.count { mask.step() }
    return mask.code
  }

  private mutating func step() {
    if starts(with: "//") {
      while place < bytes.count, bytes[place] != UInt8(ascii: "\n") { blank(UInt8(ascii: " ")) }
    } else if starts(with: "\"\"\"") {
      maskString(quote: "\"\"\"")
    } else if starts(with: "\"") {
      maskString(quote: "\"")
    } else {
      place += 1
    }
  }

  /// A string with all that is interpolated: nothing in it is changed.
  private mutating func maskString(quote: String) {
    place += quote.utf8.count
    var depth = 0
    while place < bytes.count {
      if depth == 0, starts(with: quote) {
        place += quote.utf8.count
        return
      }
      if starts(with: "\\") {
        blank(UInt8(ascii: "_"))
        if starts(with: "(") { depth += 1 }
        if place < bytes.count { blank(UInt8(ascii: "_")) }
        continue
      }
      if depth > 0, starts(with: "(") { depth += 1 }
      if depth > 0, starts(with: ")") { depth -= 1 }
      blank(UInt8(ascii: "_"))
    }
  }

  private mutating func blank(_ byte: UInt8) {
    if bytes[place] != UInt8(ascii: "\n") { code[place] = byte }
    place += 1
  }

  private func starts(with text: String) -> Bool { bytes[place...].starts(with: text.utf8) }
}
