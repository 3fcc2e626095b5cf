// SPDX-License-Identifier: Apache-2.0

/// The kernel's number formats, read without trust: what is not exactly a number is `nil`.
enum HostText {
  /// The lowest address that no supported architecture has: 56 bits (spec 01 section 5).
  static let addressLimit: UInt = 1 << 56
  /// One more than the highest node number (spec 01: ten node bits).
  static let nodeLimit: UInt = 1024
  /// One more than the highest processor number that Linux can be built for.
  static let processorLimit: UInt = 8192

  /// A decimal number: digits only.
  static func decimal(_ text: some StringProtocol) -> UInt? {
    guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
      return nil
    }
    return UInt(text, radix: 10)
  }

  /// A decimal number without leading zeros.
  static func canonicalDecimal(_ text: some StringProtocol) -> UInt? {
    guard let number = decimal(text), text == String(number) else { return nil }
    return number
  }

  /// A hexadecimal number, with or without `0x`.
  static func hexadecimal(_ text: some StringProtocol) -> UInt? {
    let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
    guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-")
    else { return nil }
    return UInt(digits, radix: 16)
  }

  /// `number` units of `size` bytes, unless no machine has that many bytes.
  static func bytes(_ number: UInt, of size: UInt) -> UInt? {
    let (product, overflow) = number.multipliedReportingOverflow(by: size)
    return overflow || product > addressLimit ? nil : product
  }

  /// A size such as `4k`, `2M` or `1G`.
  static func size(_ text: some StringProtocol) -> UInt? {
    guard let unit = text.last, let number = decimal(text.dropLast()) else { return nil }
    switch unit {
    case "k", "K": return bytes(number, of: 1 << 10)
    case "M": return bytes(number, of: 1 << 20)
    case "G": return bytes(number, of: 1 << 30)
    case "T": return bytes(number, of: 1 << 40)
    default: return nil
    }
  }

  /// A list such as `0-3,8`, all below `limit`; empty text is the empty list.
  static func list(_ text: String, below limit: UInt) -> [Int]? {
    guard text.utf8.count <= 64 << 10 else { return nil }
    var seen = Set<UInt>()
    for part in text.utf8.split(separator: UInt8(ascii: ",")) {
      let ends = Substring(part).split(
        separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = ends.first.flatMap({ decimal($0.trimmed) }),
        let last = ends.last.flatMap({ decimal($0.trimmed) }), first <= last, last < limit
      else { return nil }
      seen.formUnion(first...last)
    }
    return seen.sorted().map { Int($0) }
  }

  /// A name that is safe to print and to use in a path: letters, digits and `._+~-`.
  static func identifier(_ text: some StringProtocol) -> String? {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
      default: "._+~-".utf8.contains(byte)
      }
    }
    return isPlain && !text.isEmpty && text.utf8.count <= 128 ? String(text) : nil
  }

  /// Text from a file, fit for a terminal: control characters replaced, and not longer than
  /// `limit` characters.
  static func printable(_ text: some StringProtocol, limit: Int = 40) -> String {
    let clean = text.prefix(limit).unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control || scalar.properties.isDefaultIgnorableCodePoint
        ? "\u{FFFD}" : Character(scalar)
    }
    return String(clean) + (text.dropFirst(limit).isEmpty ? "" : "…")
  }
}

/// Cutting text at ASCII characters, byte by byte: files can be long, and the kernel writes ASCII.
extension Substring {
  /// The text without blanks, line ends and NUL bytes around it.
  var trimmed: String {
    let start = utf8.drop { $0 <= UInt8(ascii: " ") }
    guard let last = start.lastIndex(where: { $0 > UInt8(ascii: " ") }) else { return "" }
    return String(Substring(start[...last]))
  }

  /// The words between blanks.
  var words: [Substring] {
    utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { Substring($0) }
  }

  /// The lines, without empty ones.
  var lines: [Substring] {
    utf8.split { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }.map { Substring($0) }
  }
}

extension String {
  var trimmed: String { self[...].trimmed }
  var words: [Substring] { self[...].words }
  var lines: [Substring] { self[...].lines }
}
