// SPDX-License-Identifier: Apache-2.0

/// A table whose columns are as wide as their widest cell.
struct TextTable {
  /// On which side of its column a text stands.
  enum Side { case left, right }

  /// One line of the table.
  private enum Row {
    case cells([String])
    case heading([String])
    /// A text that stands across all columns.
    case across(String)

    var cells: [String] {
      switch self {
      case .cells(let cells), .heading(let cells): cells
      case .across: []
      }
    }
  }

  private let sides: [Side]
  private var rows: [Row] = []

  /// A table with one column for each of `sides`.
  init(_ sides: [Side]) { self.sides = sides }

  /// Adds a row; missing cells are empty.
  mutating func add(_ cells: [String]) { rows.append(.cells(cells)) }

  /// Adds a row in the manner of a heading.
  mutating func addHeading(_ cells: [String]) { rows.append(.heading(cells)) }

  /// Adds a text that needs no column.
  mutating func addAcross(_ text: String) { rows.append(.across(text)) }

  /// The rows as lines, `indent` blanks in.
  func lines(indent: Int = 0, _ style: TextStyle) -> [String] {
    var widths = [Int](repeating: 0, count: sides.count)
    for row in rows {
      for (column, cell) in row.cells.prefix(sides.count).enumerated() {
        widths[column] = max(widths[column], cell.count)
      }
    }
    let margin = String(repeating: " ", count: indent)
    return rows.map { row in
      switch row {
      case .cells(let cells): margin + line(cells, widths)
      case .heading(let cells): style.faint(margin + line(cells, widths))
      case .across(let text): margin + text
      }
    }
  }

  private func line(_ row: [String], _ widths: [Int]) -> String {
    var text = ""
    for (column, cell) in row.prefix(sides.count).enumerated() {
      let blanks = String(repeating: " ", count: widths[column] - cell.count)
      if column > 0 { text += "  " }
      text += sides[column] == .left ? cell + blanks : blanks + cell
    }
    while text.last == " " { text.removeLast() }
    return text
  }
}
