// SPDX-License-Identifier: Apache-2.0

/// A path, taken apart: its names without empty ones and dots.
///
/// - Source: what a kernel's path walk does with `//`, `.` and a slash at the end.
struct InterfacePath {
  /// The names, first to last; `..` is still among them.
  let names: [ArraySlice<UInt8>]
  /// Whether the path can only mean a directory.
  let endsInSlash: Bool

  private static var longestPath: Int { 4095 }
  private static var longestName: Int { 255 }

  /// Takes `text` apart; a path that does not start with a slash starts at the root too.
  ///
  /// - Throws: ``InterfaceError/noEntry`` for an empty path or one with a NUL byte,
  ///   ``InterfaceError/nameTooLong``.
  init(_ text: ArraySlice<UInt8>) throws(InterfaceError) {
    guard !text.isEmpty, !text.contains(ASCII.nul) else { throw .noEntry }
    guard text.count <= Self.longestPath else { throw .nameTooLong }
    var names: [ArraySlice<UInt8>] = []
    for name in text.split(separator: ASCII.slash) where !Self.dot.isEqual(to: name) {
      guard name.count <= Self.longestName else { throw .nameTooLong }
      names.append(name)
    }
    self.names = names
    endsInSlash = text.last == ASCII.slash || Self.endsInDot(text)
  }

  private static var dot: StaticString { "." }
  static var parent: StaticString { ".." }

  private static func endsInDot(_ text: ArraySlice<UInt8>) -> Bool {
    let last = text.lastIndex(of: ASCII.slash).map { text[($0 + 1)...] } ?? text
    return dot.isEqual(to: last)
  }
}

extension ASCII {
  static let slash: UInt8 = 0x2F
}
