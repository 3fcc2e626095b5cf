// SPDX-License-Identifier: Apache-2.0

/// What a line of a script printed: text nearly always, but some files hold plain data.
public struct PrintedText: Equatable, Sendable {
  /// The bytes, as a file or command gave them.
  public var bytes: [UInt8]

  /// Creates the text.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The text; nil for what is no text.
  var text: String? {
    bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
  }
}

extension PrintedText: Codable {
  /// Reads the text from a string.
  public init(from decoder: any Decoder) throws {
    bytes = Array(try decoder.singleValueContainer().decode(String.self).utf8)
  }

  /// Writes the text as a string; what is no text loses the bytes that are none.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(String(decoding: bytes, as: UTF8.self))
  }
}
