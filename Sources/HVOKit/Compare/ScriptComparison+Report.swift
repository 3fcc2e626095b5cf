// SPDX-License-Identifier: Apache-2.0

// The comparison as JSON has it.

extension ScriptRunReport {
  /// One script on several kernels.
  public struct Comparison: Codable, Equatable, Sendable {
    public var script: String
    public var kernels: [String]
    /// How many lines were compared.
    public var lineCount: Int
    /// The lines to which not all kernels gave the same answer.
    public var differences: [DifferingLine]
    public var changes: [KernelChange]
  }

  /// A line to which not all kernels gave the same answer.
  public struct DifferingLine: Codable, Equatable, Sendable {
    public var number: Int
    public var text: String
    /// For each kernel how the line ended: `ok`, an expected error's name, or `FAILED: …`.
    public var endings: [String]
    /// The lines of output that differ.
    public var rows: [DifferingRow]
  }

  /// Lines of output that are about the same thing, and differ.
  public struct DifferingRow: Codable, Equatable, Sendable {
    /// What they are about; left out if they do not say.
    public var name: String?
    /// For each kernel what it printed; nil for a kernel that printed no such line.
    public var answers: [String?]
  }

  /// What changes from a kernel to the next.
  public struct KernelChange: Codable, Equatable, Sendable {
    public var from: String
    public var to: String
    /// The numbers of the lines that are answered otherwise.
    public var lines: [Int]
  }
}

extension ScriptComparison {
  /// The comparison as JSON has it.
  var report: ScriptRunReport.Comparison {
    ScriptRunReport.Comparison(
      script: script, kernels: kernels, lineCount: lines.count,
      differences: lines.filter(\.differs).map(Self.report),
      changes: changes.map {
        ScriptRunReport.KernelChange(from: $0.from, to: $0.to, lines: $0.lines)
      })
  }

  private static func report(_ line: LineComparison) -> ScriptRunReport.DifferingLine {
    ScriptRunReport.DifferingLine(
      number: line.number, text: line.text, endings: line.answers.map(\.ending.phrase),
      rows: line.rows.filter(\.differs).map(report))
  }

  private static func report(_ row: AnswerRow) -> ScriptRunReport.DifferingRow {
    let name = row.showsValues ? row.sharedName : nil
    return ScriptRunReport.DifferingRow(
      name: name, answers: row.cells.map { $0.line.map { name == nil ? $0.text : $0.value ?? "" } })
  }
}
