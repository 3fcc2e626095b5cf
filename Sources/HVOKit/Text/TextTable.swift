// SPDX-License-Identifier: Apache-2.0

/// A table whose columns are as wide as their widest cell.
struct TextTable {
  /// On which side of its column a text stands.
  enum Side { case left, right }

  private let sides: [Side]
  private var rows: [[String]] = []
  /// The rows that are printed as headings.
  private var headings: Set<Int> = []

  /// A table with one column for each of `sides`.
  init(_ sides: [Side]) { self.sides = sides }

  /// Adds a row; missing cells are empty.
  mutating func add(_ cells: [String]) { rows.append(cells) }

  /// Adds a row in the manner of a heading.
  mutating func addHeading(_ cells: [String]) {
    headings.insert(rows.count)
    rows.append(cells)
  }

  /// The rows as lines, `indent` blanks in.
  func lines(indent: Int = 0, _ style: TextStyle) -> [String] {
    var widths = [Int](repeating: 0, count: sides.count)
    for row in rows {
      for (column, cell) in row.prefix(sides.count).enumerated() {
        widths[column] = max(widths[column], cell.count)
      }
    }
    return rows.enumerated().map { index, row in
      let text = String(repeating: " ", count: indent) + line(row, widths)
      return headings.contains(index) ? style.faint(text) : text
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
