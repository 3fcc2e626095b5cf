// SPDX-License-Identifier: Apache-2.0

/// What came of running scripts.
///
/// `Documentation/JSON.md` describes the JSON of it.
public struct ScriptRunReport: Codable, Equatable, Sendable {
  public var schema = "hvo.run"
  public var version = 1
  public var runs: [Run] = []
  /// For each script what differs between kernels; nil if there is one kernel.
  public var comparisons: [Comparison]?

  /// One script on one kernel.
  public struct Run: Codable, Equatable, Sendable {
    public var script: String
    public var kernel: String
    /// Whether the script is for other kernels: no line was run.
    public var isSkipped = false
    public var lines: [Line] = []

    /// Whether every line went as the script wants it.
    public var isGood: Bool { lines.allSatisfy { $0.failure == nil } }
  }

  /// One line.
  public struct Line: Codable, Equatable, Sendable {
    /// The number, from 1.
    public var number: Int
    public var text: String
    /// What the line printed.
    public var output: PrintedText
    /// The error that it ended with, expected or not.
    public var error: String?
    /// Why the line did not go as wanted, for people; nil if it did.
    public var failure: String?
    /// What an expectation wanted and found, where it was not met.
    public var wanted: String?
    public var found: String?
    /// Invariants that did not hold afterwards.
    public var violations: [String]
    /// The same, word by word; nil if all hold.
    public var findings: [InvariantFinding]?
    /// Whether the line is an expectation.
    public var isExpectation: Bool
    /// Whether the line is an expectation of other kernels.
    public var isSkipped = false
  }

  /// Creates an empty report.
  public init() {}

  /// Whether every line of every run went as wanted.
  public var isGood: Bool { runs.allSatisfy(\.isGood) }
}

extension ScriptRunReport.Run {
  /// The run in one line for people.
  func summary(_ style: TextStyle) -> String {
    if isSkipped { return "\(script) on \(kernel): skipped, it is for other kernels" }
    let failures = lines.count { $0.failure != nil }
    let judged = lines.filter { $0.isExpectation && !$0.isSkipped }
    let met = judged.count { $0.failure == nil }
    let expectations = judged.count
    let verdict =
      failures == 0
      ? style.good("ok") : style.bad("FAILED (\(ByteText.count(UInt(failures), "line")))")
    let counts =
      expectations == 0
      ? ByteText.count(UInt(lines.count), "line")
      : "\(met) of \(ByteText.count(UInt(expectations), "expectation")) met"
    return "\(script) on \(kernel): \(verdict), \(counts)"
  }
}
