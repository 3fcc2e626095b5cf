// SPDX-License-Identifier: Apache-2.0

/// A key, or what a terminal sends for one.
enum Key: Equatable {
  case text(String)
  case enter, tab, backspace, delete
  case up, down, left, right, home, end
  case deleteToEnd, deleteToStart, deleteWord, clearScreen
  /// Control-C: forget the line.
  case cancel
  /// Control-D: delete forward, or end the input on an empty line.
  case endOfInput
  /// Something that means nothing here.
  case unknown
}

/// Turns the bytes of a terminal into keys.
struct KeyReader {
  /// The next byte; nil at the end of the input.
  let nextByte: () -> UInt8?
  /// Whether another byte comes at once, as within an escape sequence.
  let hasMore: () -> Bool

  /// The next key; nil at the end of the input.
  func next() -> Key? {
    guard let byte = nextByte() else { return nil }
    switch byte {
    case 1: return .home
    case 2: return .left
    case 3: return .cancel
    case 4: return .endOfInput
    case 5: return .end
    case 6: return .right
    case 8, 127: return .backspace
    case 9: return .tab
    case 10, 13: return .enter
    case 11: return .deleteToEnd
    case 12: return .clearScreen
    case 14: return .down
    case 16: return .up
    case 21: return .deleteToStart
    case 23: return .deleteWord
    case 27: return escapeSequence()
    case ..<32: return .unknown
    default: return text(startingWith: byte)
    }
  }

  /// Reads the rest of a UTF-8 character.
  private func text(startingWith first: UInt8) -> Key {
    let count = first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
    var bytes = [first]
    for _ in 0..<count {
      guard let byte = nextByte() else { break }
      bytes.append(byte)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else { return .unknown }
    return .text(text)
  }

  /// Reads what follows an escape: `[A`, `OA`, `[3~`, ….
  private func escapeSequence() -> Key {
    guard hasMore(), let kind = nextByte(), kind == UInt8(ascii: "[") || kind == UInt8(ascii: "O")
    else { return .unknown }
    var parameter: [UInt8] = []
    while let byte = nextByte() {
      guard (0x30...0x3F).contains(byte) else { return Self.key(byte, parameter) }
      // No key has so many; what is too much is passed over up to the end of the sequence.
      if parameter.count < 16 { parameter.append(byte) }
    }
    return .unknown
  }

  private static func key(_ final: UInt8, _ parameter: [UInt8]) -> Key {
    switch UnicodeScalar(final) {
    case "A": return .up
    case "B": return .down
    case "C": return .right
    case "D": return .left
    case "H": return .home
    case "F": return .end
    case "~": break
    default: return .unknown
    }
    switch String(decoding: parameter, as: UTF8.self) {
    case "1", "7": return .home
    case "4", "8": return .end
    case "3": return .delete
    default: return .unknown
    }
  }
}
