// SPDX-License-Identifier: Apache-2.0

extension SourceText {
  /// Binary operators that have another in their place.
  func operatorMutations() -> [Mutation] {
    binaryOperators().compactMap { range in
      let old = code(range)
      guard let pair = OperatorPair.all[old],
        !code(range.upperBound..<min(range.upperBound + 4, code.count)).hasPrefix(" nil")
      else { return nil }
      return Mutation(
        kind: kind(of: pair), path: path, line: lineNumber(of: range.lowerBound), range: range,
        title: "\(old) becomes \(pair.new)", replacement: { OperatorPair.spelling($0) },
        declaration: { pair.declaration($0) })
    }
  }

  private func kind(of pair: OperatorPair) -> Mutation.Kind {
    switch pair.precedence {
    case "ComparisonPrecedence": .comparison
    case "LogicalConjunctionPrecedence", "LogicalDisjunctionPrecedence": .logic
    default: .arithmetic
    }
  }

  /// Runs of operator characters with a space on both sides.
  private func binaryOperators() -> [Range<Int>] {
    var found: [Range<Int>] = []
    var place = 0
    while place < code.count {
      guard code[place].isOperator else {
        place += 1
        continue
      }
      let start = place
      while place < code.count, code[place].isOperator { place += 1 }
      let isBinary =
        start > 0 && code[start - 1] == UInt8(ascii: " ") && place < code.count
        && code[place].isSpace
      if isBinary { found.append(start..<place) }
    }
    return found
  }

  /// Numbers that become greater by one, and truths that become lies.
  func constantMutations() -> [Mutation] {
    words().compactMap { range in
      guard let new = successor(of: range) else { return nil }
      let old = code(range)
      return Mutation(
        kind: .constant, path: path, line: lineNumber(of: range.lowerBound), range: range,
        title: "\(old) becomes \(new)",
        replacement: { "(Mutant.isOn(\($0)) ? \(new) : \(old))" })
    }
  }

  private func successor(of range: Range<Int>) -> String? {
    let word = code(range)
    let before = range.lowerBound > 0 ? code[range.lowerBound - 1] : 0
    let isMember =
      before == UInt8(ascii: ".")
      && !code(max(range.lowerBound - 3, 0)..<range.lowerBound).hasSuffix("...")
    guard !isMember else { return nil }
    switch word {
    case "true": return "false"
    case "false": return "true"
    default:
      guard let first = word.utf8.first, first.isDigit else { return nil }
      let digits = word.filter { $0 != "_" }
      if digits.hasPrefix("0x") {
        guard let value = UInt64(digits.dropFirst(2), radix: 16), value < .max else { return nil }
        return "0x" + String(value + 1, radix: 16)
      }
      return Int(digits).map { String($0 + 1) }
    }
  }

  /// Names and numbers.
  func words() -> [Range<Int>] {
    var found: [Range<Int>] = []
    var place = 0
    while place < code.count {
      guard code[place].isWord else {
        place += 1
        continue
      }
      let start = place
      while place < code.count, code[place].isWord { place += 1 }
      found.append(start..<place)
    }
    return found
  }
}
