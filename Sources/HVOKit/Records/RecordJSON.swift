// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A JSON document as plain values, before anybody asks what they mean.
///
/// Decoding never fails for the *meaning* of a value, so that the reader above can name the field
/// that is wrong; only text that is no JSON at all is refused here.
indirect enum RecordJSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  /// A whole number above `Int.max`.
  case unsigned(UInt64)
  case number(Double)
  case string(String)
  case array([RecordJSON])
  case object([String: RecordJSON])
  /// A value that no Swift number holds.
  case unrepresentable
}

extension RecordJSON: Decodable {
  // Most values are whole numbers and most others strings: asking for them first saves errors.
  init(from decoder: any Decoder) throws {
    let scalar = try decoder.singleValueContainer()
    if let value = try? scalar.decode(Int.self) {
      self = .integer(value)
    } else if let value = try? scalar.decode(String.self) {
      self = .string(value)
    } else if let object = try? decoder.container(keyedBy: AnyKey.self) {
      var members: [String: RecordJSON] = [:]
      for key in object.allKeys {
        members[key.stringValue] = try object.decode(RecordJSON.self, forKey: key)
      }
      self = .object(members)
    } else if var array = try? decoder.unkeyedContainer() {
      var elements: [RecordJSON] = []
      while !array.isAtEnd { elements.append(try array.decode(RecordJSON.self)) }
      self = .array(elements)
    } else {
      self = RecordJSON(rare: scalar)
    }
  }

  private init(rare scalar: any SingleValueDecodingContainer) {
    if scalar.decodeNil() {
      self = .null
    } else if let value = try? scalar.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? scalar.decode(UInt64.self) {
      self = .unsigned(value)
    } else if let value = try? scalar.decode(Double.self) {
      self = .number(value)
    } else {
      self = .unrepresentable
    }
  }

  /// A key of any name.
  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension RecordJSON {
  /// What the value is, as an error message says it.
  var summary: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .unsigned(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string(let value): "\"\(value.prefix(60))\(value.count > 60 ? "…" : "")\""
    case .array(let elements): "a list of \(elements.count)"
    case .object: "an object"
    case .unrepresentable: "a number out of all range"
    }
  }
}
