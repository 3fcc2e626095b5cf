// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// A machine and what happens on it: operations as values, which are the lines of a script.
public struct Scenario: Equatable, Sendable {
  /// Where it happens.
  public var machine: LabMachine
  /// What happens, a line of a script each; see `Documentation/Scripts.md`.
  public var operations: [String]

  public init(machine: LabMachine = LabMachine(), operations: [String] = []) {
    (self.machine, self.operations) = (machine, operations)
  }

  /// The text that `hvo run` takes.
  public var script: String {
    (machine.lines + operations).joined(separator: "\n") + "\n"
  }

  /// A test that runs it, as source.
  ///
  /// - Parameter name: what the test says, without backquotes.
  public func swiftTest(named name: String) -> String {
    let body = (machine.lines + operations).map { "      \($0.swiftEscaped)\n" }.joined()
    return """
      @Test func `\(name.filter { $0 != "`" })`() throws {
        let finding = try ScenarioRun.finding(
          in: \"""
      \(body)      \""")
        #expect(finding == nil)
      }

      """
  }

  /// The parsed text.
  ///
  /// - Throws: ``ScriptError``.
  public func parsed() throws(ScriptError) -> Script { try Script(Array(script.utf8)[...]) }
}

extension String {
  /// The text as it stands in a string literal.
  fileprivate var swiftEscaped: String {
    var text = ""
    for character in self { text += character == "\\" ? "\\\\" : "\(character)" }
    return text
  }
}
