// SPDX-License-Identifier: Apache-2.0

/// Looking for a word on the command line before there is memory to take it apart.
enum CommandLineWord {
  /// Whether `word` stands in `text`, between blanks or ends.
  static func contains(_ word: StaticString, in text: StartInfo.Piece) -> Bool {
    let length = UInt(word.utf8CodeUnitCount)
    guard text.byteCount >= length else { return false }
    for start in 0...(text.byteCount - length)
    where isBlank(text, before: start) && isBlank(text, at: start + length) {
      if matches(word, text.start + start) { return true }
    }
    return false
  }

  private static func isBlank(_ text: StartInfo.Piece, before index: UInt) -> Bool {
    index == 0 || isBlank(text, at: index - 1)
  }

  private static func isBlank(_ text: StartInfo.Piece, at index: UInt) -> Bool {
    index == text.byteCount || RawMemory.load(UInt8.self, at: text.start + index) == 0x20
  }

  private static func matches(_ word: StaticString, _ address: UInt) -> Bool {
    word.withUTF8Buffer { bytes in
      for index in 0..<bytes.count
      where unsafe bytes[index] != RawMemory.load(UInt8.self, at: address + UInt(index)) {
        return false
      }
      return true
    }
  }
}
