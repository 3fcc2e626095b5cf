// SPDX-License-Identifier: Apache-2.0

/// What `printf` makes of a format and its arguments: escapes, `%s`, `%d` and `%%`.
enum PrintfFormat {
  /// The formatted text; the format is used again while arguments are left.
  static func text(
    _ format: [UInt8], _ arguments: ArraySlice<[UInt8]>
  ) throws(ScriptProblem) -> [UInt8] {
    var result: [UInt8] = []
    var left = arguments
    repeat {
      let before = left.count
      try append(format[...], &left, to: &result)
      if left.count == before { break }
    } while !left.isEmpty
    return result
  }

  private static func append(
    _ format: ArraySlice<UInt8>, _ arguments: inout ArraySlice<[UInt8]>,
    to result: inout [UInt8]
  ) throws(ScriptProblem) {
    var rest = format
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\\"): result.append(escape(&rest))
      case ASCII.percent:
        switch rest.popFirst() {
        case ASCII.percent: result.append(ASCII.percent)
        case UInt8(ascii: "s"), UInt8(ascii: "d"): result += arguments.popFirst() ?? []
        default: throw .unsupportedSyntax
        }
      default: result.append(byte)
      }
    }
  }

  /// The byte that an escape stands for; a backslash before anything else is itself.
  private static func escape(_ rest: inout ArraySlice<UInt8>) -> UInt8 {
    guard let next = rest.first else { return UInt8(ascii: "\\") }
    let octal = Parsing.digits(rest.prefix(3), base: 8)
    if octal.byteCount > 0 {
      rest = rest.dropFirst(octal.byteCount)
      return UInt8(truncatingIfNeeded: octal.value)
    }
    let simple: UInt8? =
      switch next {
      case UInt8(ascii: "n"): ASCII.newline
      case UInt8(ascii: "t"): ASCII.tab
      case UInt8(ascii: "r"): 0x0D
      case UInt8(ascii: "\\"): next
      default: nil
      }
    guard let simple else { return UInt8(ascii: "\\") }
    rest = rest.dropFirst()
    return simple
  }
}
