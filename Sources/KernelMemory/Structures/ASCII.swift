// SPDX-License-Identifier: Apache-2.0

/// The bytes that kernel text is made of.
///
/// The core handles text as bytes: what users write to files may hold any byte, and Unicode tables
/// have no place on bare metal.
enum ASCII {
  static let nul: UInt8 = 0x00
  static let tab: UInt8 = 0x09
  static let newline: UInt8 = 0x0A
  static let space: UInt8 = 0x20
  static let exclamationMark: UInt8 = 0x21
  static let quote: UInt8 = 0x22
  static let numberSign: UInt8 = 0x23
  static let dollar: UInt8 = 0x24
  static let percent: UInt8 = 0x25
  static let plus: UInt8 = 0x2B
  static let comma: UInt8 = 0x2C
  static let minus: UInt8 = 0x2D
  static let point: UInt8 = 0x2E
  static let zero: UInt8 = 0x30
  static let colon: UInt8 = 0x3A
  static let equalsSign: UInt8 = 0x3D
  static let atSign: UInt8 = 0x40
  static let closingBracket: UInt8 = 0x5D
  static let underscore: UInt8 = 0x5F

  /// Tells whether `byte` is a blank, a tab, or any other control character that moves the cursor.
  static func isSpace(_ byte: UInt8) -> Bool { byte == space || (tab...0x0D).contains(byte) }

  /// Tells whether `byte` is one of `0` to `9`.
  static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

  /// The letter `byte` in lower case; any other byte as it is.
  static func lowercase(_ byte: UInt8) -> UInt8 {
    byte &- 0x41 < 26 ? byte | 0x20 : byte
  }

  /// The value of the digit `byte` in bases up to 16, or `nil` if it is none.
  static func digitValue(_ byte: UInt8) -> UInt? {
    if isDigit(byte) { return UInt(byte &- zero) }
    let letter = lowercase(byte) &- 0x61
    return letter < 6 ? UInt(letter) &+ 10 : nil
  }
}

extension StaticString {
  /// The bytes of the text.
  var bytes: [UInt8] {
    withUTF8Buffer { text in unsafe [UInt8](text) }
  }

  /// Tells whether `text` is exactly these bytes.
  func isEqual(to text: ArraySlice<UInt8>) -> Bool {
    utf8CodeUnitCount == text.count && isPrefix(of: text)
  }

  /// Tells whether `text` starts with these bytes.
  func isPrefix(of text: ArraySlice<UInt8>) -> Bool {
    guard utf8CodeUnitCount <= text.count else { return false }
    return withUTF8Buffer { prefix in
      for index in 0..<prefix.count {
        guard unsafe prefix[index] == text[text.startIndex + index] else { return false }
      }
      return true
    }
  }
}

extension ArraySlice<UInt8> {
  /// The slice without spaces at either end.
  var trimmingSpaces: ArraySlice<UInt8> {
    var text = self
    while let last = text.last, ASCII.isSpace(last) { text = text.dropLast() }
    return text.skippingSpaces
  }

  /// The slice from its first byte on that is no space.
  var skippingSpaces: ArraySlice<UInt8> {
    var start = startIndex
    while start < endIndex, ASCII.isSpace(self[start]) { start += 1 }
    return self[start...]
  }

  /// The slice up to its first NUL byte, where text written by a C program ends.
  var untilNul: ArraySlice<UInt8> {
    guard let end = firstIndex(of: ASCII.nul) else { return self }
    return self[..<end]
  }

  /// Tells whether both slices hold the same bytes.
  func isEqual(to other: ArraySlice<UInt8>) -> Bool {
    guard count == other.count else { return false }
    var index = other.startIndex
    for byte in self {
      guard byte == other[index] else { return false }
      index += 1
    }
    return true
  }

  /// The index of the first occurrence of `pattern`, or `nil`.
  ///
  /// - Complexity: O(*n* · *m*) for patterns whose first byte repeats, O(*n*) as we use it.
  func firstIndex(of pattern: StaticString) -> Int? {
    let first = pattern.bytes.first ?? 0
    var index = startIndex
    while index < endIndex {
      if self[index] == first, pattern.isPrefix(of: self[index...]) { return index }
      index += 1
    }
    return nil
  }
}
