// SPDX-License-Identifier: Apache-2.0

/// Figures as lines of text with aligned columns.
struct Table {
  private var lines: [[String]] = [["figure", "measured", "ratio", "spread", "target", "verdict"]]

  init(_ figures: [Figure]) {
    for figure in figures {
      lines.append([
        figure.name, figure.value, figure.ratio, figure.spread, figure.target,
        figure.verdict.rawValue,
      ])
    }
  }

  /// The whole table.
  var text: String {
    let widths = (lines.first ?? []).indices.map { column in
      lines.map { $0[column].count }.max() ?? 0
    }
    var rows = lines.map { line in Self.row(line, widths) }
    rows.insert(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
    return rows.joined(separator: "\n")
  }

  private static func row(_ line: [String], _ widths: [Int]) -> String {
    let cells = zip(line, widths).map { cell, width in
      cell + String(repeating: " ", count: width - cell.count)
    }
    let text = cells.joined(separator: "  ")
    let end = text.lastIndex { $0 != " " }
    return end.map { String(text[...$0]) } ?? ""
  }
}
