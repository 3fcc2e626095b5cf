// SPDX-License-Identifier: Apache-2.0

/// Something that must never be so, but was.
public struct Finding: Equatable, Sendable {
  /// The operation after which it was seen, from 0; nil if after boot.
  public var step: Int?
  /// The first law that was broken, such as `P-HVO 3`, or what else it was in a word.
  public var law: String
  /// All that was seen, a line each.
  public var details: [String]

  public init(step: Int?, law: String, details: [String]) {
    (self.step, self.law, self.details) = (step, law, details)
  }
}
