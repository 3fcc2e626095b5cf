// SPDX-License-Identifier: Apache-2.0

/// The readers of numbers and words that the model shares; slow and obvious.
enum ModelText {
  /// What C and the kernel take for blank.
  static let blanks = Set<UInt8>([9, 10, 11, 12, 13, 32])

  /// What each digit is worth, up to fifteen.
  private static let digitValues = Dictionary(
    zip(bytes("0123456789abcdefABCDEF"), Array(0...15) + Array(10...15)),
    uniquingKeysWith: { first, _ in first })

  static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  static func lowercase(_ text: [UInt8]) -> [UInt8] {
    text.map { (65...90).contains($0) ? $0 + 32 : $0 }
  }

  /// The digits at the start of `text` as a number of 64 bits, whatever is lost of it above, and
  /// what follows them; `nil` without a digit.
  static func digits(_ text: [UInt8], base: Int) -> (value: UInt, rest: [UInt8])? {
    let values = text.map { digitValues[$0] ?? 16 }.prefix { $0 < base }
    guard !values.isEmpty else { return nil }
    let value = values.reduce(UInt(0)) { $0 &* UInt(base) &+ UInt($1) }
    return (value, Array(text.dropFirst(values.count)))
  }

  /// A number with blanks before it.
  static func decimal(_ text: [UInt8]) -> (value: UInt, rest: [UInt8])? {
    digits(Array(text.drop { blanks.contains($0) }), base: 10)
  }

  /// A number that says its base.
  static func number(_ text: [UInt8]) -> (value: UInt, rest: [UInt8])? {
    if lowercase(Array(text.prefix(2))) == bytes("0x"),
      let hex = digits(Array(text.dropFirst(2)), base: 16)
    {
      return hex
    }
    return digits(text, base: text.first == 48 ? 8 : 10)
  }

  /// A number of bytes and what follows it; all of it if there is neither number nor suffix.
  static func size(_ text: [UInt8]) -> (value: UInt, rest: [UInt8]) {
    var (value, rest) = number(text) ?? (0, text)
    guard let letter = lowercase(Array(rest.prefix(1))).first,
      let power = bytes("kmgtpe").firstIndex(of: letter)
    else { return (value, rest) }
    for _ in 0...power { value = value &* 1024 }
    return (value, Array(rest.dropFirst()))
  }

  /// A switch, from its first two characters.
  static func boolean(_ text: [UInt8], _ series: ModelSeries) -> Bool? {
    var letters: [String: Bool] = [
      "y": true, "t": true, "1": true, "n": false, "f": false, "0": false,
    ]
    if series.year >= .of7_2 {
      letters["e"] = true
      letters["d"] = false
    }
    let start = lowercase(Array(text.prefix(2)))
    if start == bytes("on") { return true }
    if start == bytes("of") { return false }
    return start.first.flatMap { letters[String(Unicode.Scalar($0))] }
  }
}
