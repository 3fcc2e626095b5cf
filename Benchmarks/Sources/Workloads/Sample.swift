// SPDX-License-Identifier: Apache-2.0

/// Repeated measurements of one thing.
public struct Sample: Codable, Sendable {
  /// The values, ascending.
  public private(set) var values: [Double] = []

  /// Nothing measured yet.
  public init() {}

  /// Adds a measurement.
  public mutating func add(_ value: Double) {
    values.insert(value, at: values.firstIndex { $0 > value } ?? values.endIndex)
  }

  /// The value in the middle; 0 if nothing was measured.
  public var median: Double { values.isEmpty ? 0 : values[values.count / 2] }
  /// The smallest value.
  public var least: Double { values.first ?? 0 }
  /// The largest value.
  public var most: Double { values.last ?? 0 }
}

/// Runs `body` and tells how many nanoseconds that took.
@inline(never)
public func nanoseconds<Failure: Error>(
  _ body: () throws(Failure) -> Void
) throws(Failure) -> Double {
  let start = ContinuousClock.now
  try body()
  let taken = ContinuousClock.now - start
  return Double(taken.components.seconds) * 1e9 + Double(taken.components.attoseconds) / 1e9
}
