// SPDX-License-Identifier: Apache-2.0

/// Reads one line of a script.
public enum ScriptParser {
  /// What a line says.
  public enum Statement: Sendable {
    /// Nothing: the line is empty or a comment.
    case blank
    /// How the machine starts.
    case setup(ScriptSetup.Change)
    /// What is done.
    case command(ScriptCommand)
  }

  /// Reads `line`, without its newline.
  ///
  /// - Throws: ``ScriptProblem``.
  public static func parse(_ line: ArraySlice<UInt8>) throws(ScriptProblem) -> Statement {
    let text = line.trimmingSpaces
    if ("#@" as StaticString).isPrefix(of: text) {
      return try directive(text.dropFirst(2).trimmingSpaces)
    }
    let shell = try ShellWords(text)
    guard let name = shell.words.first else {
      if shell.target != nil { throw .unsupportedSyntax }
      return .blank
    }
    return .command(try command(name[...], shell.words.dropFirst(), shell.target))
  }

  private static func command(
    _ name: ArraySlice<UInt8>, _ arguments: ArraySlice<[UInt8]>, _ target: [UInt8]?
  ) throws(ScriptProblem) -> ScriptCommand {
    if name.isWord("echo") { return try output(try echo(arguments), target) }
    if name.isWord("printf") {
      guard let format = arguments.first else { throw .missingArgument }
      return try output(try PrintfFormat.text(format, arguments.dropFirst()), target)
    }
    if target != nil { throw .unsupportedSyntax }
    if name.isWord("cat") { return .show(try paths(arguments)) }
    if name.isWord("ls") { return .list(try paths(arguments)) }
    if name.isWord("sleep") || name.isWord("true") || name.isWord("sync") || name.isWord(":") {
      return .nothing
    }
    throw .unknownCommand
  }

  private static func output(
    _ text: [UInt8], _ target: [UInt8]?
  ) throws(ScriptProblem) -> ScriptCommand {
    guard let target else { return .print(text) }
    return .write(text, to: target)
  }

  /// What `echo` prints. Shells disagree about options but `-n`, so others are refused.
  private static func echo(_ arguments: ArraySlice<[UInt8]>) throws(ScriptProblem) -> [UInt8] {
    var rest = arguments
    var endsLine = true
    if let option = rest.first, option[...].isWord("-n") {
      endsLine = false
      rest = rest.dropFirst()
    } else if let option = rest.first, option[...].isWord("-e") || option[...].isWord("-E") {
      throw .unsupportedSyntax
    }
    var text = Array(rest.joined(separator: [ASCII.space]))
    if endsLine { text.append(ASCII.newline) }
    return text
  }

  private static func paths(_ arguments: ArraySlice<[UInt8]>) throws(ScriptProblem) -> [[UInt8]] {
    guard let first = arguments.first else { throw .missingArgument }
    // No file of the tree starts with a dash: it is an option.
    if first.first == ASCII.minus { throw .unsupportedSyntax }
    return Array(arguments)
  }
}

extension ArraySlice<UInt8> {
  /// Tells whether the slice is `word`.
  func isWord(_ word: StaticString) -> Bool { word.isEqual(to: self) }

  /// Takes the first word and the spaces behind it off the slice; nil if nothing is left.
  mutating func popWord() -> ArraySlice<UInt8>? {
    let text = skippingSpaces
    let end = text.firstIndex { ASCII.isSpace($0) } ?? text.endIndex
    let word = text[..<end]
    self = text[end...].skippingSpaces
    return word.isEmpty ? nil : word
  }
}
