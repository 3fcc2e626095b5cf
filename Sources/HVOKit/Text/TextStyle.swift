// SPDX-License-Identifier: Apache-2.0

/// How a report looks: with colours on a terminal, plain everywhere else.
public enum TextStyle: Sendable {
  case plain, colored

  /// A heading.
  func strong(_ text: String) -> String { wrap(text, "1") }
  /// What matters less.
  func faint(_ text: String) -> String { wrap(text, "2") }
  /// What is as it should be.
  func good(_ text: String) -> String { wrap(text, "32") }
  /// What is not the same everywhere.
  func changed(_ text: String) -> String { wrap(text, "33") }
  /// What needs attention.
  func bad(_ text: String) -> String { wrap(text, "31") }

  private func wrap(_ text: String, _ code: String) -> String {
    self == .plain || text.isEmpty ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
  }
}
