// SPDX-License-Identifier: Apache-2.0

// `#@ expect [on KERNEL[,KERNEL…]] WHAT`

extension ScriptParser {
  static func expectation(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> ScriptCommand {
    var rest = text
    guard let word = rest.popWord() else { throw .missingArgument }
    guard word.isWord("on") else { return .expect(try condition(text)) }
    guard let names = rest.popWord() else { throw .missingArgument }
    guard let kernels = KernelSet(named: names) else { throw .unknownKernel }
    return .expect(try condition(rest), on: kernels)
  }

  /// Reads `on KERNEL[,KERNEL…]` and nothing more.
  static func kernels(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> KernelSet {
    var rest = text
    guard let word = rest.popWord(), let names = rest.popWord() else { throw .missingArgument }
    guard word.isWord("on"), rest.isEmpty else { throw .unexpectedArgument }
    guard let kernels = KernelSet(named: names) else { throw .unknownKernel }
    return kernels
  }

  private static func condition(
    _ text: ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptExpectation {
    var rest = text
    guard let first = rest.popWord() else { throw .missingArgument }
    if first.first == ASCII.slash { return .text(Array(rest), of: Array(first)) }
    if first.isWord("output") { return .output(Array(rest)) }
    if first.isWord("field") {
      let field = try field(&rest)
      guard !rest.isEmpty else { throw .missingArgument }
      return .field(field, value: Array(rest))
    }
    if first.isWord("change") { return try change(&rest) }
    if first.isWord("saved-pages") || first.isWord("vmalloc-leaves") {
      let count = try number(&rest)
      guard rest.isEmpty else { throw .unexpectedArgument }
      return first.isWord("saved-pages") ? .savedPages(count) : .vmallocLeaves(count)
    }
    guard first.isWord("error") else { throw .unexpectedArgument }
    return .error(try error(rest))
  }

  private static func error(
    _ name: ArraySlice<UInt8>
  ) throws(ScriptProblem) -> InterfaceError? {
    guard !name.isEmpty else { throw .missingArgument }
    if name.isWord("none") { return nil }
    guard let error = InterfaceError(named: name) else { throw .unknownErrorName }
    return error
  }

  /// Reads `NAME of PATH`.
  static func field(_ rest: inout ArraySlice<UInt8>) throws(ScriptProblem) -> ScriptField {
    guard let name = rest.popWord(), let word = rest.popWord(), let path = rest.popWord() else {
      throw .missingArgument
    }
    guard word.isWord("of") else { throw .unexpectedArgument }
    return ScriptField(name: Array(name), path: Array(path))
  }

  /// Reads `NAME of PATH NUMBER`; the number may have a sign.
  private static func change(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptExpectation {
    let field = try field(&rest)
    let sign = rest.first
    if sign == ASCII.plus || sign == ASCII.minus { rest = rest.dropFirst() }
    // A second sign, or a space behind the first, is no number.
    guard let digit = rest.first else { throw .missingArgument }
    guard ASCII.isDigit(digit), let size = Int(exactly: try number(&rest)) else {
      throw .badNumber
    }
    guard rest.isEmpty else { throw .unexpectedArgument }
    return .change(field, by: sign == ASCII.minus ? -size : size)
  }
}
