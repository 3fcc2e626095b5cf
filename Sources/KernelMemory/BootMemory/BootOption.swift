// SPDX-License-Identifier: Apache-2.0

/// One word of the kernel command line: `name` or `name=value`.
public struct BootOption: Equatable, Sendable {
  /// The bytes before the equals sign.
  public let name: ArraySlice<UInt8>
  /// The bytes behind it, without surrounding quotes; `nil` if there is no equals sign.
  public let value: ArraySlice<UInt8>?

  /// Tells whether the option has this name. Hyphens and underscores are the same.
  ///
  /// - Linux: `parameq()`.
  public func isNamed(_ name: StaticString) -> Bool {
    guard name.utf8CodeUnitCount == self.name.count else { return false }
    return name.withUTF8Buffer { bytes in
      for index in 0..<bytes.count {
        let own = Self.folded(self.name[self.name.startIndex + index])
        guard unsafe own == Self.folded(bytes[index]) else { return false }
      }
      return true
    }
  }

  private static func folded(_ byte: UInt8) -> UInt8 {
    byte == ASCII.minus ? ASCII.underscore : byte
  }
}

/// The options of a kernel command line, in their order.
///
/// Words are separated by spaces; inside double quotes spaces belong to the word. The quotes that
/// surround a word or a value are dropped, but never two at the end. The line ends at a NUL byte, and
/// at the word `--`, behind which stands what is for the first process.
///
/// - Linux: `next_arg()`, `parse_args()`.
public struct BootOptions: Sequence, IteratorProtocol, Sendable {
  private var rest: ArraySlice<UInt8>

  /// Starts at the beginning of `commandLine`.
  public init(_ commandLine: ArraySlice<UInt8>) {
    rest = commandLine.untilNul
  }

  public mutating func next() -> BootOption? {
    rest = rest.skippingSpaces
    guard !rest.isEmpty else { return nil }
    let option = Self.option(takeWord())
    if option.value == nil, ("--" as StaticString).isEqual(to: option.name) {
      rest = rest[rest.endIndex...]
      return nil
    }
    return option
  }

  /// Takes the bytes up to the next space outside of quotes.
  private mutating func takeWord() -> ArraySlice<UInt8> {
    var isQuoted = false
    var end = rest.startIndex
    while end < rest.endIndex, isQuoted || !ASCII.isSpace(rest[end]) {
      if rest[end] == ASCII.quote { isQuoted.toggle() }
      end += 1
    }
    defer { rest = rest[end...] }
    return rest[..<end]
  }

  private static func option(_ word: ArraySlice<UInt8>) -> BootOption {
    let isQuoted = word.first == ASCII.quote
    let text = isQuoted ? word.dropFirst() : word
    // A name is never empty: an equals sign in front belongs to it.
    guard let sign = text.dropFirst().firstIndex(of: ASCII.equalsSign) else {
      return BootOption(name: isQuoted ? text.droppingLastQuote : text, value: nil)
    }
    var value = text[(sign + 1)...]
    // One quote closes the word, the value, or both.
    if value.first == ASCII.quote {
      value = value.dropFirst().droppingLastQuote
    } else if isQuoted {
      value = value.droppingLastQuote
    }
    return BootOption(name: text[..<sign], value: value)
  }
}

extension ArraySlice<UInt8> {
  fileprivate var droppingLastQuote: Self { last == ASCII.quote ? dropLast() : self }
}
