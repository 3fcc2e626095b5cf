// SPDX-License-Identifier: Apache-2.0

/// Why a text is no acceptable number.
public enum NumberError: Error, Equatable, Sendable {
  /// The text is not a number of the wanted form. The kernel answers `EINVAL`.
  case invalid
  /// The number does not fit. The kernel answers `ERANGE`.
  case outOfRange
}

/// A value read from the start of a text, and how much of the text it took.
public struct Parsed<Value> {
  /// The value.
  public let value: Value
  /// The number of bytes that belong to it, counted from the start of the text.
  public let byteCount: Int
}

extension Parsed: Sendable where Value: Sendable {}
extension Parsed: Equatable where Value: Equatable {}

/// The kernel's ways of reading what users write, each with exactly its own tolerance.
///
/// | function | used by | trailing text |
/// |---|---|---|
/// | ``sysfsUnsigned(_:)`` | counts under `/sys` | one newline |
/// | ``sysfsUnsignedAutoBase(_:)`` | DAX sizes, boot switches | one newline |
/// | ``kernelBoolean(_:)`` | `/sys` and boot switches | ignored |
/// | ``sysctlUnsigned(_:)`` and relatives | `/proc/sys` | stops at a blank, reports bytes taken |
/// | ``memorySize(_:)`` | sizes with `K`, `M`, `G`, … | handed back |
/// | ``sysfsWord(_:)`` | states and policies | one newline |
///
/// All stop at a NUL byte where the kernel's copy of the text would end (spec 10 section 1).
public enum Parsing {
  /// The digits at the start of `text` in `base`.
  ///
  /// A number too large to hold loses its upper bits, as in the kernel, and `overflowed` is set. No
  /// digit: zero bytes.
  struct Digits {
    var value: UInt = 0
    var byteCount = 0
    var overflowed = false
  }

  /// Reads digits of `base`, 8, 10 or 16, without sign or prefix.
  static func digits(_ text: ArraySlice<UInt8>, base: UInt) -> Digits {
    var result = Digits()
    for byte in text {
      guard let digit = ASCII.digitValue(byte), digit < base else { break }
      result.byteCount += 1
      let (product, tooLarge) = result.value.multipliedReportingOverflow(by: base)
      let (sum, carried) = product.addingReportingOverflow(digit)
      result.overflowed = result.overflowed || tooLarge || carried
      result.value = sum
    }
    return result
  }

  /// Reads digits in the base that their prefix names: `0x` sixteen, `0` eight, else ten.
  ///
  /// - Linux: base 0 of `simple_strtoull()` and `kstrtoull()`.
  static func autoBaseDigits(_ text: ArraySlice<UInt8>) -> Digits {
    guard text.first == ASCII.zero else { return digits(text, base: 10) }
    let second = text.startIndex + 1
    let third = second + 1
    let isHex =
      third < text.endIndex && ASCII.lowercase(text[second]) == UInt8(ascii: "x")
      && ASCII.digitValue(text[third]) != nil
    guard isHex else { return digits(text, base: 8) }
    var result = digits(text[third...], base: 16)
    result.byteCount += 2
    return result
  }

  /// Reads the decimal number at the start of `text`, after spaces, without sign.
  ///
  /// A number too large to hold loses its upper bits: this reader knows no error but a missing digit.
  ///
  /// - Returns: `nil` if there is no digit.
  /// - Linux: `sscanf("%lu%n")`.
  public static func leadingDecimal(_ text: ArraySlice<UInt8>) -> Parsed<UInt>? {
    let number = text.skippingSpaces
    let result = digits(number, base: 10)
    guard result.byteCount > 0 else { return nil }
    return Parsed(
      value: result.value, byteCount: number.startIndex - text.startIndex + result.byteCount)
  }

  /// Reads the hexadecimal number at the start of `text`, with or without `0x`.
  ///
  /// - Returns: `nil` if there is no digit or the number does not fit.
  public static func leadingHex(_ text: ArraySlice<UInt8>) -> Parsed<UInt>? {
    let hasPrefix =
      text.first == ASCII.zero && text.dropFirst().first.map(ASCII.lowercase) == UInt8(ascii: "x")
    let result = digits(hasPrefix ? text.dropFirst(2) : text, base: 16)
    guard result.byteCount > 0, !result.overflowed else { return nil }
    return Parsed(value: result.value, byteCount: result.byteCount + (hasPrefix ? 2 : 0))
  }
}
