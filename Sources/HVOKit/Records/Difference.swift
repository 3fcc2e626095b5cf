// SPDX-License-Identifier: Apache-2.0

/// One place where a target did not do what the recorded kernel did.
public struct Difference: Equatable, Sendable {
  /// What a record or a target says about a field.
  public enum Value: Equatable, Sendable {
    case number(Int)
    case text(String)
    case list([String])
    /// It says nothing.
    case absent
  }

  /// The record, such as `a1-grow-shrink-2m.7.2`.
  public var record: String
  /// The step's name; `boot` before the first step.
  public var step: String
  /// The field as records spell it, such as `pools.2048kB.nr`.
  public var field: String
  public var rule: ComparisonRule
  public var wanted: Value
  public var found: Value
  /// The changes since boot, where the rule is about changes.
  public var change: Change?
  /// How far apart the two may be.
  public var tolerance: Int

  /// How a total has changed since boot, in the record and in the target.
  public struct Change: Equatable, Sendable {
    public var wanted: Int
    public var found: Int

    public init(wanted: Int, found: Int) { (self.wanted, self.found) = (wanted, found) }
  }

  public init(
    record: String, step: String, field: String, rule: ComparisonRule, wanted: Value,
    found: Value, change: Change?, tolerance: Int
  ) {
    (self.record, self.step, self.field, self.rule) = (record, step, field, rule)
    (self.wanted, self.found, self.change) = (wanted, found, change)
    self.tolerance = tolerance
  }
}

extension Difference: CustomStringConvertible {
  /// One line: where, what was wanted, what was found, and the rule.
  public var description: String {
    let bounds = tolerance == 0 ? "" : ", within \(tolerance)"
    return "\(record): \(step): \(field): wanted \(wanted)\(since(change?.wanted)), "
      + "found \(found)\(since(change?.found)) (\(rule.summary)\(bounds))"
  }

  private func since(_ change: Int?) -> String {
    guard let change else { return "" }
    return " (\(change < 0 ? "" : "+")\(change) since boot)"
  }
}

extension Difference.Value: CustomStringConvertible {
  public var description: String {
    switch self {
    case .number(let number): "\(number)"
    case .text(let text): "\"\(text.split(separator: "\n").joined(separator: "\\n"))\""
    case .list(let list): "[\(list.joined(separator: ", "))]"
    case .absent: "nothing"
    }
  }
}

// MARK: - JSON

extension Difference: Encodable {
  private enum Key: String, CodingKey {
    case record, step, field, rule, wanted, found, tolerance
    case wantedChange = "wanted_change"
    case foundChange = "found_change"
  }

  /// Writes the object `{record, step, field, rule, wanted, found, tolerance}`, and
  /// `wanted_change` and `found_change` where the rule is about changes since boot.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    try object.encode(record, forKey: .record)
    try object.encode(step, forKey: .step)
    try object.encode(field, forKey: .field)
    try object.encode(rule.rawValue, forKey: .rule)
    try object.encode(wanted, forKey: .wanted)
    try object.encode(found, forKey: .found)
    try object.encode(tolerance, forKey: .tolerance)
    try object.encodeIfPresent(change?.wanted, forKey: .wantedChange)
    try object.encodeIfPresent(change?.found, forKey: .foundChange)
  }
}

extension Difference.Value: Encodable {
  /// Writes a number, a string, a list of strings, or null.
  public func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .number(let number): try value.encode(number)
    case .text(let text): try value.encode(text)
    case .list(let list): try value.encode(list)
    case .absent: try value.encodeNil()
    }
  }
}
