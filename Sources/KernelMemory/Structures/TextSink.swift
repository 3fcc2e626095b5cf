// SPDX-License-Identifier: Apache-2.0

/// Text under construction: what a file of `/proc` or `/sys` prints, byte by byte.
///
/// The sink offers what C's `printf` formats offer and no more: numbers and words, padded to a width.
///
/// | C | sink |
/// |---|---|
/// | `%lu`, `%8lu` | `appendDecimal(value)`, `appendDecimal(value, width: 8)` |
/// | `%d`, `%5d` | `appendDecimal(signed: value)`, `appendDecimal(signed: value, width: 5)` |
/// | `%lx`, `%08lx` | `appendHex(value)`, `appendHex(value, digits: 8)` |
/// | `%-12s`, `%12s` | `append(text, width: 12, side: .left)`, `append(text, width: 12)` |
public struct TextSink: Sendable {
  /// Where a text stands in a column wider than itself.
  public enum Side: Sendable {
    case left, right
  }

  /// The text so far.
  public private(set) var bytes: [UInt8] = []

  /// Creates an empty sink.
  public init() {}

  /// The number of bytes so far.
  public var byteCount: Int { bytes.count }

  /// Tells whether nothing has been written yet.
  public var isEmpty: Bool { bytes.isEmpty }

  /// Forgets the text but keeps its storage.
  public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

  /// Appends one byte.
  public mutating func append(byte: UInt8) { bytes.append(byte) }

  /// Appends a text known at compile time.
  public mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
  }

  /// Appends bytes as they are.
  public mutating func append(_ text: [UInt8]) { bytes.append(contentsOf: text) }

  /// Appends bytes as they are.
  public mutating func append(_ text: ArraySlice<UInt8>) { bytes.append(contentsOf: text) }

  /// Ends the line.
  public mutating func newline() { bytes.append(ASCII.newline) }

  /// Appends `count` blanks; none if `count` is negative.
  public mutating func appendBlanks(_ count: Int) {
    for _ in 0..<max(0, count) { bytes.append(ASCII.space) }
  }

  /// Appends `text` in a column of at least `width` bytes.
  public mutating func append(_ text: StaticString, width: Int, side: Side = .right) {
    let blanks = width - text.utf8CodeUnitCount
    if side == .right { appendBlanks(blanks) }
    append(text)
    if side == .left { appendBlanks(blanks) }
  }

  /// Appends `text` in a column of at least `width` bytes.
  public mutating func append(_ text: ArraySlice<UInt8>, width: Int, side: Side = .right) {
    let blanks = width - text.count
    if side == .right { appendBlanks(blanks) }
    append(text)
    if side == .left { appendBlanks(blanks) }
  }
}
