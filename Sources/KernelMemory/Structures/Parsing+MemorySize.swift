// SPDX-License-Identifier: Apache-2.0

/// A number of bytes as users write it, and what follows it.
public struct MemorySizeText: Sendable {
  /// The size in bytes; its lower 64 bits if the written one does not fit.
  public let byteCount: UInt
  /// The text behind the size and its suffix.
  public let rest: ArraySlice<UInt8>
  /// Whether the written size does not fit in a number.
  public let overflowed: Bool

  /// Tells whether the size is the whole text.
  public var isWholeText: Bool { rest.isEmpty }
}

extension Parsing {
  /// Reads a size such as `2M`, `0x40000000` or `512` at the start of `text`.
  ///
  /// The number may be decimal, hexadecimal or octal; one suffix of `K`, `M`, `G`, `T`, `P`, `E`
  /// (either case) multiplies it by powers of 1024. Without a digit the size is 0, and a suffix is
  /// taken all the same. A size that does not fit loses its upper bits, as in the kernel, and
  /// `overflowed` is set.
  ///
  /// - Linux: `memparse()`.
  public static func memorySize(_ text: ArraySlice<UInt8>) -> MemorySizeText {
    let text = text.untilNul
    let number = autoBaseDigits(text)
    var rest = text.dropFirst(number.byteCount)
    guard let suffix = rest.first, let shift = suffixShift(suffix) else {
      return MemorySizeText(byteCount: number.value, rest: rest, overflowed: number.overflowed)
    }
    rest = rest.dropFirst()
    let fits = !number.overflowed && number.value <= UInt.max >> shift
    return MemorySizeText(
      byteCount: number.value << shift, rest: rest, overflowed: !fits)
  }

  /// The power of two that a suffix multiplies by, or `nil` if `byte` is no suffix.
  private static func suffixShift(_ byte: UInt8) -> UInt? {
    switch ASCII.lowercase(byte) {
    case UInt8(ascii: "k"): 10
    case UInt8(ascii: "m"): 20
    case UInt8(ascii: "g"): 30
    case UInt8(ascii: "t"): 40
    case UInt8(ascii: "p"): 50
    case UInt8(ascii: "e"): 60
    default: nil
    }
  }
}
