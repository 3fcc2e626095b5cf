// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Sizes and counts that users write on the command line, read strictly.
enum SizeText {
  /// The bytes of a size such as `512M`, `16G` or `2T`; `GiB` and `GB` mean the same as `G`.
  ///
  /// - Parameter option: the option, as messages name it.
  /// - Throws: ``InputError`` for what is no size or does not fit.
  static func byteCount(
    _ text: some StringProtocol, option: String
  ) throws(InputError) -> UInt {
    var core = Array(text.utf8)
    if core.count > 1, core.last == UInt8(ascii: "B") { core.removeLast() }
    if core.count > 1, core.last == UInt8(ascii: "i") { core.removeLast() }
    let isTrimmed = core.count < text.utf8.count
    let size = Parsing.memorySize(core[...])
    let hasUnit = core.last.map { !isDigit($0) } ?? false
    guard let first = core.first, isDigit(first), size.isWholeText, !core.contains(0),
      hasUnit || !isTrimmed
    else {
      throw InputError(
        "\(option): \(InputError.quote(text)) is no size; write a whole number and K, M, G or T, "
          + "such as 512M or 16G")
    }
    guard !size.overflowed else {
      throw InputError("\(option): \(InputError.quote(text)) is larger than any address")
    }
    return size.byteCount
  }

  /// A whole number of decimal digits.
  static func count(_ text: some StringProtocol, option: String) throws(InputError) -> UInt {
    guard !text.isEmpty, text.utf8.allSatisfy(isDigit) else {
      throw InputError("\(option): \(InputError.quote(text)) is no number; write digits only")
    }
    guard let number = UInt(text) else {
      throw InputError("\(option): \(InputError.quote(text)) is too large a number")
    }
    return number
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }
}
