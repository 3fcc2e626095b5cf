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
  static func quote(_ text: some StringProtocol) -> String { "'\(harmless(text, limit: 60))'" }

  /// At most `limit` characters of `text`, none of which does anything to a terminal but show.
  static func harmless(_ text: some StringProtocol, limit: Int = 200) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(limit) {
      shown += isHarmless(scalar) ? String(scalar) : "?"
    }
    return text.unicodeScalars.dropFirst(limit).isEmpty ? shown : shown + "…"
  }

  /// Whether a terminal shows the character and does nothing else.
  private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: false
    default: true
    }
  }
}
