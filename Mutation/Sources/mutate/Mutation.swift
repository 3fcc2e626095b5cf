// SPDX-License-Identifier: Apache-2.0

/// A small change to the sources.
struct Mutation {
  enum Kind: String, CaseIterable {
    case comparison, condition, statement, constant, arithmetic, logic
  }

  let kind: Kind
  /// The file, from the root of the package.
  let path: String
  /// The line where it begins, counted from one.
  let line: Int
  /// The bytes that it replaces.
  let range: Range<Int>
  /// What people read: what becomes of what.
  let title: String
  /// What stands in place of the bytes, for the number that turns the change on.
  let replacement: @Sendable (Int) -> String
  /// The declaration that the replacement needs, if it is an operator of its own.
  var declaration: (@Sendable (Int) -> String)?
}

/// A mutation with its number.
struct Mutant {
  let number: Int
  let mutation: Mutation
}

/// An operator of one mutation: either does what the old one did or, turned on, what the new one
/// does. Generic, so that types are inferred as before.
struct OperatorPair {
  let old: String
  let new: String
  let precedence: String
  /// `<T: Comparable>(a: T, b: T) -> Bool`.
  let signature: String
  let right: String

  /// The spelling of the operator of mutation `number`: a mark and two signs that stand for digits.
  static func spelling(_ number: Int) -> String {
    var text = "\u{2299}"
    for digit in [number / 64, number % 64] {
      if let scalar = Unicode.Scalar(UInt32(0x2200 + digit)) { text.unicodeScalars.append(scalar) }
    }
    return text
  }

  func declaration(_ number: Int) -> String {
    let name = Self.spelling(number)
    return """
      infix operator \(name): \(precedence)
      @inline(__always) func \(name) \(signature) {
        Mutant.isOn(\(number)) ? a \(new) \(right) : a \(old) \(right)
      }

      """
  }

  static let all: [String: OperatorPair] = {
    var pairs: [String: OperatorPair] = [:]
    func add(
      _ old: String, _ new: String, _ precedence: String, _ signature: String, _ right: String
    ) {
      pairs[old] = OperatorPair(
        old: old, new: new, precedence: precedence, signature: signature, right: right)
    }
    func swap(
      _ one: String, _ other: String, _ precedence: String, _ type: String, _ result: String
    ) {
      let signature = "<T: \(type)>(a: T, b: T) -> \(result)"
      add(one, other, precedence, signature, "b")
      add(other, one, precedence, signature, "b")
    }
    swap("<", "<=", "ComparisonPrecedence", "Comparable", "Bool")
    swap(">", ">=", "ComparisonPrecedence", "Comparable", "Bool")
    swap("==", "!=", "ComparisonPrecedence", "Equatable", "Bool")
    swap("+", "-", "AdditionPrecedence", "AdditiveArithmetic", "T")
    swap("&+", "&-", "AdditionPrecedence", "FixedWidthInteger", "T")
    for (one, other) in [("<<", ">>"), ("&<<", "&>>")] {
      let signature = "<T: FixedWidthInteger, U: FixedWidthInteger>(a: T, b: U) -> T"
      add(one, other, "BitwiseShiftPrecedence", signature, "b")
      add(other, one, "BitwiseShiftPrecedence", signature, "b")
    }
    let lazy = "(a: Bool, b: @autoclosure () -> Bool) -> Bool"
    add("&&", "||", "LogicalConjunctionPrecedence", lazy, "b()")
    add("||", "&&", "LogicalDisjunctionPrecedence", lazy, "b()")
    return pairs
  }()
}
