// SPDX-License-Identifier: Apache-2.0

/// The lines of a text with their numbers.
struct TextLines {
  /// The number of the line given last, from 1.
  private(set) var number = 0
  private var rest: ArraySlice<UInt8>

  init(_ text: ArraySlice<UInt8>) { rest = text }

  /// The next line without its newline, or `nil` behind the last.
  mutating func next() -> ArraySlice<UInt8>? {
    guard !rest.isEmpty else { return nil }
    number += 1
    let end = rest.firstIndex(of: ASCII.newline) ?? rest.endIndex
    let line = rest[..<end]
    rest = end < rest.endIndex ? rest[(end + 1)...] : rest[end...]
    return line
  }
}
