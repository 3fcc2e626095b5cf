// SPDX-License-Identifier: Apache-2.0

extension Parsing {
  /// The words that a kernel takes for a switch.
  public enum SwitchWords: Equatable, Sendable {
    /// Those of all series: `yes`, `no`, `true`, `false`, `1`, `0`, `on`, `off`.
    case common
    /// Also `enabled` and `disabled`.
    case enabledAndDisabled
  }

  /// Reads a whole text as one unsigned decimal number.
  ///
  /// A leading plus sign and one trailing newline are allowed; prefixes, minus signs, blanks and
  /// empty texts are not. A number that is too large is out of range whatever follows it.
  ///
  /// - Linux: `kstrtoul()` with base 10.
  public static func sysfsUnsigned(_ text: ArraySlice<UInt8>) throws(NumberError) -> UInt {
    let number = withoutPlus(text)
    return try wholeText(number, digits(number, base: 10))
  }

  /// Reads a whole text as one unsigned number: `0x…`, `0…` in octal, or decimal.
  ///
  /// - Linux: `kstrtoul()` with base 0.
  public static func sysfsUnsignedAutoBase(_ text: ArraySlice<UInt8>) throws(NumberError) -> UInt {
    let number = withoutPlus(text)
    return try wholeText(number, autoBaseDigits(number))
  }

  /// Reads a switch by its first one or two characters; the rest is ignored.
  ///
  /// On: `y`, `t`, `1`, `on`. Off: `n`, `f`, `0`, `of`. Case does not matter. Where there are
  /// ``SwitchWords/enabledAndDisabled``, `e` and `d` as well.
  ///
  /// - Linux: `kstrtobool()`; spec 05 section 15, spec 10 section 1.
  public static func kernelBoolean(
    _ text: ArraySlice<UInt8>, words: SwitchWords = .enabledAndDisabled
  ) throws(NumberError) -> Bool {
    guard let first = text.first else { throw .invalid }
    switch ASCII.lowercase(first) {
    case UInt8(ascii: "y"), UInt8(ascii: "t"), UInt8(ascii: "1"): return true
    case UInt8(ascii: "n"), UInt8(ascii: "f"), UInt8(ascii: "0"): return false
    case UInt8(ascii: "e") where words == .enabledAndDisabled: return true
    case UInt8(ascii: "d") where words == .enabledAndDisabled: return false
    case UInt8(ascii: "o"): break
    default: throw .invalid
    }
    switch text.dropFirst().first.map(ASCII.lowercase) {
    case UInt8(ascii: "n"): return true
    case UInt8(ascii: "f"): return false
    default: throw .invalid
    }
  }

  /// The word that a text consists of: without one trailing newline, ended by a NUL byte.
  ///
  /// - Linux: what `sysfs_streq()` compares.
  public static func sysfsWord(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let word = text.untilNul
    return word.last == ASCII.newline ? word.dropLast() : word
  }

  /// The place of the word that `text` consists of in `words`, or `nil` if it is none of them.
  ///
  /// - Linux: `sysfs_match_string()`.
  public static func sysfsWordIndex(
    of text: ArraySlice<UInt8>, in words: [StaticString]
  ) -> Int? {
    let word = sysfsWord(text)
    return words.firstIndex { $0.isEqual(to: word) }
  }

  private static func withoutPlus(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    text.first == ASCII.plus ? text.dropFirst() : text
  }

  /// The number if nothing but one newline follows it in `text`.
  private static func wholeText(
    _ text: ArraySlice<UInt8>, _ number: Digits
  ) throws(NumberError) -> UInt {
    guard !number.overflowed else { throw .outOfRange }
    guard number.byteCount > 0 else { throw .invalid }
    let rest = text.dropFirst(number.byteCount).untilNul
    guard rest.isEmpty || (rest.count == 1 && rest.first == ASCII.newline) else { throw .invalid }
    return number.value
  }
}
