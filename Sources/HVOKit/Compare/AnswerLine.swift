// SPDX-License-Identifier: Apache-2.0

/// One line of what a kernel printed, taken apart into a name and what is said of it.
///
/// ```
/// MemFree:         1934060 kB              name MemFree:           value 1934060 kB
/// nr_free_pages 483515                     name nr_free_pages      value 483515
/// Node 0, zone   Normal   33   1   231     name Node 0, zone ...   value 33   1   231
/// 512                                      no name                 value 512
/// nr_overcommit_hugepages                  a phrase: nothing but itself
/// ```
struct AnswerLine: Equatable {
  /// The whole line.
  let text: String
  /// What the value is the value of; nil if the line has no name.
  let name: String?
  /// What is said; nil for a phrase.
  let value: String?

  /// Takes `text` apart.
  init(_ text: String) {
    self.text = text
    let words = text.split { $0 == " " || $0 == "\t" }
    if let name = words.first(where: { $0.last == ":" && $0.count > 1 }) {
      self.name = Self.trimmed(text[..<name.endIndex])
      value = Self.trimmed(text[name.endIndex...])
      return
    }
    let numbers = words.reversed().prefix(while: Self.isNumberOrUnit)
    guard let first = numbers.last, Self.isNumber(first) else {
      (name, value) = (nil, nil)
      return
    }
    name = numbers.count == words.count ? nil : Self.trimmed(text[..<first.startIndex])
    value = Self.trimmed(text[first.startIndex...])
  }

  /// Lines of two kernels that have the same token are about the same thing.
  var token: String {
    if let name { return "name \(name)" }
    return value == nil ? "phrase \(text)" : "number"
  }

  private static func isNumberOrUnit(_ word: Substring) -> Bool { word == "kB" || isNumber(word) }

  private static func isNumber(_ word: Substring) -> Bool {
    let digits = word.first == "-" ? word.dropFirst() : word
    return !digits.isEmpty && digits.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
  }

  private static func trimmed(_ text: Substring) -> String {
    let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
    return String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}
