// SPDX-License-Identifier: Apache-2.0

/// Something that kernels do not agree about, as it is shown: what it is, and a text of each kernel.
struct ComparisonRow {
  /// What the texts are about; may be empty.
  let label: String
  /// The kernels' texts; nil for a kernel that has nothing to say here.
  let texts: [String?]
  /// What kind of texts these are.
  let kind: Kind

  enum Kind {
    /// Numbers, mostly: their ends stand below each other.
    case values
    /// Whole lines.
    case lines
    /// How lines ended, in words.
    case endings
    /// The same in sentences, which columns would not be good for.
    case failures
  }

  /// A row of what kernels printed.
  init(_ row: AnswerRow) {
    label = row.label.shown
    texts = row.texts.map { $0?.shown }
    kind = row.showsValues ? .values : .lines
  }

  /// A row of how a line ended: words where nothing failed, sentences where it did.
  init(endings: [KernelAnswer.Ending]) {
    let hasFailure = endings.contains { $0.failure != nil }
    label = ""
    kind = hasFailure ? .failures : .endings
    texts = endings.map { (hasFailure ? $0.phrase : $0.word).shown }
  }

  /// Whether kernel number `kernel` says something else than the one that spoke before.
  func changes(withKernel kernel: Int) -> Bool {
    guard let text = texts[kernel], let before = texts[..<kernel].compactMap({ $0 }).last else {
      return false
    }
    return text != before
  }
}

extension String {
  /// The text with nothing in it that a terminal obeys; tabs are blanks.
  var shown: String {
    guard utf8.contains(UInt8(ascii: "\t")) else { return InputError.harmless(self, limit: 4_096) }
    var text = ""
    for character in self {
      guard character == "\t" else {
        text.append(character)
        continue
      }
      text += String(repeating: " ", count: 8 - text.count % 8)
    }
    return InputError.harmless(text, limit: 4_096)
  }

  /// The text with blanks before it, `width` characters in all if it is not longer.
  func indented(to width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }

  /// The text with blanks behind it, `width` characters in all if it is not longer.
  func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }
}
