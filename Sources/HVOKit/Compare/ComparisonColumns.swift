// SPDX-License-Identifier: Apache-2.0

/// Where the kernels' columns stand, one place for all of a comparison.
///
/// ```
/// |mark, number or label      |      6.1|     6.12|
/// |<------ labelWidth ------->|<- 2 + cellWidth ->|
/// ```
///
/// What does not fit into a column of the terminal's width is shown otherwise, so that a single
/// long text does not push all others aside.
struct ComparisonColumns {
  /// The columns before the kernels'.
  let labelWidth: Int
  /// The columns of each kernel, without the two blanks before.
  let cellWidth: Int
  /// Texts of more columns than these stand far from what they belong to.
  private static let widestLabel = 48
  /// The least that is left for labels.
  private static let narrowestLabel = 19

  /// Fits `rows` into `width` columns; `titles` are wanted before the kernels' names.
  init(kernels: [String], rows: [ComparisonRow], titles: [String], indent: Int, width: Int) {
    let widestCell = (width - Self.narrowestLabel) / max(1, kernels.count) - 2
    let cells = rows.filter { $0.kind != .failures && $0.width <= widestCell }
    let names = kernels.map(\.count).max() ?? 0
    guard names <= widestCell else {
      (labelWidth, cellWidth) = (0, 0)
      return
    }
    let cellWidth = max(names, cells.map(\.width).max() ?? 0)
    let room = min(width - kernels.count * (cellWidth + 2), Self.widestLabel)
    let labels = cells.map(\.label) + titles
    self.cellWidth = cellWidth
    labelWidth = labels.map { $0.count + indent }.filter { $0 <= room }.max() ?? 0
  }

  /// Whether `row` fits, with its label `indent` columns in.
  func fit(_ row: ComparisonRow, indent: Int) -> Bool {
    row.kind != .failures && row.width <= cellWidth && row.label.count + indent <= labelWidth
  }

  /// `cells` in their columns, behind a label that has `labelLength` characters.
  func line(_ cells: [String], behind labelLength: Int, _ style: (Int, String) -> String) -> String
  {
    var line = String(repeating: " ", count: max(0, labelWidth - labelLength))
    let last = cells.lastIndex { !$0.isEmpty } ?? -1
    for (kernel, cell) in cells.enumerated() where kernel <= last {
      line += String(repeating: " ", count: 2 + cellWidth - cell.count) + style(kernel, cell)
    }
    return line
  }
}

extension ComparisonRow {
  /// The characters of the longest text.
  fileprivate var width: Int { texts.compactMap { $0?.count }.max() ?? 0 }
}
