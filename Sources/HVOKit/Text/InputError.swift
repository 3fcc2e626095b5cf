// SPDX-License-Identifier: Apache-2.0

/// Something that the user gave and that cannot be used, said in a way that tells what to do.
public struct InputError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, and what to do about it.
  public let description: String

  /// Creates the error.
  public init(_ description: String) { self.description = description }
}

extension InputError {
  /// What the user wrote, short enough for a message and without bytes that a terminal obeys.
  static func quote(_ text: some StringProtocol) -> String {
    var quoted = ""
    for scalar in text.unicodeScalars.prefix(60) {
      quoted += scalar.properties.generalCategory == .control ? "?" : String(scalar)
    }
    return "'\(quoted)\(text.unicodeScalars.count > 60 ? "…" : "")'"
  }
}
