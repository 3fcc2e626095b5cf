// SPDX-License-Identifier: Apache-2.0

extension SourceText {
  /// Conditions of `if`, `while` and `guard`, each of its parts by itself, that are negated.
  func conditionMutations() -> [Mutation] {
    words().filter { ["if", "while", "guard"].contains(code($0)) && startsStatement($0) }
      .flatMap { keyword -> [Mutation] in
        let isGuard = code(keyword) == "guard"
        guard let end = endOfConditions(from: keyword.upperBound, isGuard: isGuard) else {
          return []
        }
        return clauses(of: keyword.upperBound..<end).compactMap { negation(of: $0) }
      }
  }

  private func negation(of clause: Range<Int>) -> Mutation? {
    let text = code(clause)
    let first = text.prefix { $0.isLetter || $0 == "#" || $0 == "_" }
    guard !clause.isEmpty, !["let", "var", "case", "_"].contains(first), !first.hasPrefix("#"),
      !hidesText(in: clause)
    else { return nil }
    return Mutation(
      kind: .condition, path: path, line: lineNumber(of: clause.lowerBound), range: clause,
      title: "\(text) is negated", replacement: { "((\(text)) != Mutant.isOn(\($0)))" })
  }

  private func startsStatement(_ word: Range<Int>) -> Bool {
    var place = word.lowerBound
    while place > 0, code[place - 1] == UInt8(ascii: " ") { place -= 1 }
    guard place > 0 else { return true }
    return [UInt8(ascii: "\n"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: ":")]
      .contains(code[place - 1]) || code(max(place - 4, 0)..<place) == "else"
  }

  /// Where the brace of the body, or the `else` of a guard, stands.
  private func endOfConditions(from start: Int, isGuard: Bool) -> Int? {
    var place = start
    while place < code.count {
      if isGuard, code[place...].starts(with: "else ".utf8), code[place - 1].isSpace {
        return place
      }
      if !isGuard, code[place] == UInt8(ascii: "{") { return place }
      if code[place].isOpeningBracket {
        guard let end = end(ofBracketAt: place) else { return nil }
        place = end
      } else if code[place].isClosingBracket {
        return nil
      } else {
        place += 1
      }
    }
    return nil
  }

  private func clauses(of range: Range<Int>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var start = range.lowerBound
    var depth = 0
    for place in range {
      if code[place].isOpeningBracket { depth += 1 }
      if code[place].isClosingBracket { depth -= 1 }
      if depth == 0, code[place] == UInt8(ascii: ",") {
        found.append(trimmed(start..<place))
        start = place + 1
      }
    }
    return found + [trimmed(start..<range.upperBound)]
  }

  /// Calls, assignments and jumps of up to three lines that are left out, and `+=` that become `-=`.
  func statementMutations() -> [Mutation] {
    lineStarts.indices.flatMap { index -> [Mutation] in
      guard let range = statement(startingInLine: index) else { return [] }
      let text = text(range)
      let flat = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      var found = [
        Mutation(
          kind: .statement, path: path, line: index + 1, range: range, title: "without \(flat)",
          replacement: { "if !Mutant.isOn(\($0)) { \(text) }" })
      ]
      for (old, new) in [
        (" += ", " -= "), (" -= ", " += "), (" &+= ", " &-= "), (" &-= ", " &+= "),
      ]
      where text.split(separator: old, omittingEmptySubsequences: false).count == 2 {
        let other = text.split(separator: old, omittingEmptySubsequences: false)
          .joined(separator: new)
        found.append(
          Mutation(
            kind: .arithmetic, path: path, line: index + 1, range: range,
            title: "\(flat):\(old)becomes\(new)".trimmingSuffixSpace,
            replacement: { "if Mutant.isOn(\($0)) { \(other) } else { \(text) }" }))
      }
      return found
    }
  }

  /// The whole statement that begins in a line, if it is one that can be left out.
  private func statement(startingInLine index: Int) -> Range<Int>? {
    let start = trimmed(range(ofLine: index)).lowerBound
    guard start < code.count, code[start].isWord, openBracket[start] == UInt8(ascii: "{"),
      previousLineIsComplete(before: index), let last = lastLine(of: index)
    else { return nil }
    let range = trimmed(start..<self.range(ofLine: last).upperBound)
    let code = code(range)
    let first = String(code.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
    guard !Self.otherStarts.contains(first), nextLineStartsAnew(after: last) else { return nil }
    if ["return", "continue", "break"].contains(code) { return range }
    let isAssignment = [" = ", " += ", " -= ", " &+= ", " &-= ", " |= ", " &= "]
      .contains { code.contains($0) }
    guard isAssignment || code.hasSuffix(")"), !code.hasSuffix("{"), !code.contains("\n//")
    else { return nil }
    return bytes[range].contains(UInt8(ascii: "\"")) ? nil : range
  }

  /// The line, of this and the next two, in which all brackets of the line are closed.
  private func lastLine(of index: Int) -> Int? {
    var depth = 0
    for line in index..<min(index + 3, lineStarts.count) {
      for byte in code[range(ofLine: line)] {
        if byte.isOpeningBracket { depth += 1 }
        if byte.isClosingBracket { depth -= 1 }
        if depth < 0 { return nil }
      }
      if depth == 0 { return line }
    }
    return nil
  }

  private func previousLineIsComplete(before index: Int) -> Bool {
    var line = index - 1
    while line >= 0 {
      let text = code(trimmed(range(ofLine: line)))
      line -= 1
      guard let last = text.utf8.last else { continue }
      return !last.isOperator
        && ![UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: ".")]
          .contains(last)
        && !text.hasPrefix("@")
    }
    return false
  }

  private func nextLineStartsAnew(after index: Int) -> Bool {
    for line in (index + 1)..<max(lineStarts.count, index + 1) {
      let text = code(trimmed(range(ofLine: line)))
      guard let first = text.utf8.first else { continue }
      return first.isWord || first == UInt8(ascii: "}") || first == UInt8(ascii: "@")
        || first == UInt8(ascii: "#")
    }
    return true
  }

  private static let otherStarts: Set<String> = [
    "actor", "associatedtype", "case", "class", "consume", "convenience", "default", "defer",
    "deinit", "discard", "do", "else", "enum", "extension", "fatalError", "fileprivate", "final",
    "for", "func", "guard", "if", "import", "infix", "init", "internal", "lazy", "let", "mutating",
    "nonisolated", "package", "precondition", "preconditionFailure", "assert", "assertionFailure",
    "private", "protocol", "public", "repeat", "static", "struct", "subscript", "switch", "throw",
    "typealias", "var", "weak", "where", "while", "yield",
  ]
}

extension String {
  fileprivate var trimmingSuffixSpace: String {
    var text = self
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }
}

extension SourceText {
  /// Every mutation of the file.
  func mutations() -> [Mutation] {
    let spared = sparedRanges()
    return
      (operatorMutations() + constantMutations() + conditionMutations()
      + statementMutations())
      .filter { mutation in !spared.contains { $0.overlaps(mutation.range) } }
      .sorted {
        ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
      }
  }

  /// What says how something ought to be, to the compiler or to whoever calls: attributes, raw
  /// values and patterns, preconditions and assertions, headers of declarations.
  private func sparedRanges() -> [Range<Int>] {
    var spared: [Range<Int>] = []
    for index in lineStarts.indices {
      let line = range(ofLine: index)
      let text = code(trimmed(line))
      let starts = ["case ", "import ", "@", "#", "infix ", "associatedtype ", "typealias "]
      if starts.contains(where: { text.hasPrefix($0) }) || text.contains("func <")
        || text.contains(" where Self")
      {
        spared.append(line)
      }
    }
    let checks: Set = ["precondition", "preconditionFailure", "assert", "assertionFailure"]
    for word in words()
    where checks.contains(code(word)) && word.upperBound < code.count
      && code[word.upperBound] == UInt8(ascii: "(")
    {
      if let end = end(ofBracketAt: word.upperBound) { spared.append(word.lowerBound..<end) }
    }
    return spared
  }
}
