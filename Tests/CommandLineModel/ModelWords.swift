// SPDX-License-Identifier: Apache-2.0

/// One word of a line: a name, and a value if there is an equals sign.
struct ModelWord: Equatable {
  let name: [UInt8]
  let value: [UInt8]?
  /// The name, with hyphens for underscores, as they mean the same.
  let key: String

  /// The words of `line` up to the lone `--`.
  ///
  /// A blank divides words if the quotes before it come in pairs.
  static func all(in line: [UInt8]) -> [Self] {
    let text = Array(line.prefix { $0 != 0 })
    var quoteCount = 0
    let divides = text.map { byte in
      if byte == 34 { quoteCount += 1 }
      return ModelText.blanks.contains(byte) && quoteCount.isMultiple(of: 2)
    }
    let pieces = text.indices.split { divides[$0] }.map { $0.map { text[$0] } }
    return Array(pieces.map(Self.init(text:)).prefix { $0 != Self(name: [45, 45], value: nil) })
  }

  /// Parts a word and takes its quotes off: one in front of it, one in front of the value, and if
  /// there was either, one at the end.
  private init(text: [UInt8]) {
    let isQuoted = text.first == 34
    let word = isQuoted ? Array(text.dropFirst()) : text
    guard let sign = word.indices.dropFirst().first(where: { word[$0] == 61 }) else {
      self.init(name: isQuoted ? Self.unquoted(word) : word, value: nil)
      return
    }
    var value = Array(word[(sign + 1)...])
    let isValueQuoted = value.first == 34
    if isValueQuoted { value.removeFirst() }
    if isQuoted || isValueQuoted { value = Self.unquoted(value) }
    self.init(name: Array(word[..<sign]), value: value)
  }

  private init(name: [UInt8], value: [UInt8]?) {
    self.name = name
    self.value = value
    key = String(decoding: name.map { $0 == 95 ? 45 : $0 }, as: UTF8.self)
  }

  private static func unquoted(_ text: [UInt8]) -> [UInt8] {
    text.last == 34 ? Array(text.dropLast()) : text
  }
}
