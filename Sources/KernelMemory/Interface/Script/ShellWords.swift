// SPDX-License-Identifier: Apache-2.0

/// A command line taken apart as a shell does it: words, quotes, and at most one `>`.
///
/// Everything else that a shell would act upon is refused rather than misunderstood.
struct ShellWords {
  /// The words, without quotes.
  private(set) var words: [[UInt8]] = []
  /// The path behind `>` or `>>`.
  private(set) var target: [UInt8]?

  private var rest: ArraySlice<UInt8>
  private var word: [UInt8] = []
  /// Whether a word has begun: an empty one may be quoted.
  private var isInWord = false
  private var wantsTarget = false

  /// Takes `line` apart, up to a comment.
  init(_ line: ArraySlice<UInt8>) throws(ScriptProblem) {
    rest = line
    while let byte = rest.popFirst() {
      if ASCII.isSpace(byte) {
        try endWord()
      } else if byte == ASCII.numberSign, !isInWord {
        break
      } else {
        try take(byte)
      }
    }
    try endWord()
    if wantsTarget { throw .missingArgument }
  }

  private mutating func take(_ byte: UInt8) throws(ScriptProblem) {
    switch byte {
    case UInt8(ascii: "'"): try takeSingleQuoted()
    case ASCII.quote: try takeDoubleQuoted()
    case UInt8(ascii: "\\"):
      guard let escaped = rest.popFirst() else { throw .unsupportedSyntax }
      add(escaped)
    case UInt8(ascii: ">"): try takeRedirection()
    default:
      if Self.isSpecial(byte) { throw .unsupportedSyntax }
      add(byte)
    }
  }

  /// Whether a shell would do something about `byte` outside quotes.
  private static func isSpecial(_ byte: UInt8) -> Bool {
    let special: StaticString = "$`|&;<()*?[{"
    return special.bytes.contains(byte)
  }

  private mutating func add(_ byte: UInt8) {
    word.append(byte)
    isInWord = true
  }

  private mutating func takeSingleQuoted() throws(ScriptProblem) {
    isInWord = true
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "'") { return }
      word.append(byte)
    }
    throw .unclosedQuote
  }

  private mutating func takeDoubleQuoted() throws(ScriptProblem) {
    isInWord = true
    while let byte = rest.popFirst() {
      switch byte {
      case ASCII.quote: return
      case ASCII.dollar, UInt8(ascii: "`"): throw .unsupportedSyntax
      case UInt8(ascii: "\\"):
        guard let next = rest.first else { throw .unclosedQuote }
        let escapes: StaticString = "\\\"$`"
        guard escapes.bytes.contains(next) else { fallthrough }
        word.append(next)
        rest = rest.dropFirst()
      default: word.append(byte)
      }
    }
    throw .unclosedQuote
  }

  /// `>` and `>>` do the same to these files. A number right before it names another descriptor.
  private mutating func takeRedirection() throws(ScriptProblem) {
    if isInWord, word.allSatisfy({ ASCII.isDigit($0) }) { throw .unsupportedSyntax }
    try endWord()
    guard target == nil, !wantsTarget else { throw .unsupportedSyntax }
    if rest.first == UInt8(ascii: ">") { rest = rest.dropFirst() }
    wantsTarget = true
  }

  private mutating func endWord() throws(ScriptProblem) {
    guard isInWord else { return }
    if wantsTarget {
      target = word
      wantsTarget = false
    } else {
      words.append(word)
    }
    word = []
    isInWord = false
  }
}
