// SPDX-License-Identifier: Apache-2.0

/// How much of a comparison is shown.
public enum ComparisonScope: Sendable {
  /// Every line of the script; what the kernels agree about stands there once.
  case everything
  /// The lines that differ, and those that failed.
  case differences
}

extension ScriptComparison {
  /// The comparison for people.
  public func text(_ scope: ComparisonScope, width: Int, _ style: TextStyle) -> [String] {
    ComparisonText(self, scope, width: width, style).lines
  }
}

/// A comparison as a transcript of all kernels at once.
///
/// What they agree about is printed once. What differs has `!` in the first column, and each kernel
/// has a column; what is too long for columns names the kernels that say it.
private struct ComparisonText {
  let comparison: ScriptComparison
  let scope: ComparisonScope
  let style: TextStyle
  let columns: ComparisonColumns
  /// Columns before the text of a line: the mark, the number, and blanks behind each.
  let indent: Int

  init(
    _ comparison: ScriptComparison, _ scope: ComparisonScope, width: Int, _ style: TextStyle
  ) {
    (self.comparison, self.scope, self.style) = (comparison, scope, style)
    indent = 4 + String(comparison.lines.last?.number ?? 0).count
    let differing = comparison.lines.filter(\.differs)
    columns = ComparisonColumns(
      kernels: comparison.kernels, rows: differing.flatMap(\.differingRows),
      titles: differing.filter(\.hasShortRows).map(\.title), indent: indent, width: width)
  }

  var lines: [String] {
    let shown = comparison.lines.filter { scope == .everything || $0.differs || $0.hasFailure }
    let body = shown.flatMap(block)
    return [heading] + body + [summary]
  }

  private var heading: String {
    let last = comparison.kernels.last ?? ""
    let names = comparison.kernels.dropLast().joined(separator: ", ")
    return style.strong("\(comparison.script.shown) on \(names) and \(last)")
      + style.faint("  (! marks what differs)")
  }

  private var summary: String {
    let count = UInt(comparison.lines.count)
    let differing = comparison.lines.count(where: \.differs)
    guard differing > 0 else {
      return style.good(
        count == 1 ? "The line is answered alike" : "All \(count) lines are answered alike")
    }
    let head =
      "\(differing) of \(ByteText.count(count, "line")) \(differing == 1 ? "differs" : "differ")"
    guard comparison.kernels.count > 2 else { return head }
    let changes = comparison.changes.map { "\($0.from) to \($0.to): \($0.lines.count)" }
    return TextWrap.lines("\(head); \(changes.joined(separator: ", "))", indent: 0)
      .joined(separator: "\n")
  }

  // MARK: One line of the script

  private func block(_ line: LineComparison) -> [String] {
    let isColumned = line.differingRows.contains { columns.fit($0, indent: indent) }
    var lines = title(line, withNames: isColumned)
    if line.endsDifferently {
      lines += show(ComparisonRow(endings: line.answers.map(\.ending)))
    } else if let ending = line.answers.first?.ending, ending != .good {
      lines.append(blanks(indent) + shared(ending))
    }
    if line.differsInOrderOnly {
      lines.append(mark(true) + blanks(indent - 2) + "the same lines in another order")
    }
    return lines + show(line.rows)
  }

  /// The script's line, with the kernels' names above their columns.
  private func title(_ line: LineComparison, withNames: Bool) -> [String] {
    let number = String(line.number)
    let head =
      mark(line.differs) + blanks(indent - 4 - number.count) + number + "  "
      + style.strong(line.title)
    guard withNames else { return [head] }
    func names(behind length: Int) -> String {
      columns.line(comparison.kernels, behind: length) { style.faint($1) }
    }
    let length = indent + line.title.count
    return length <= columns.labelWidth
      ? [head + names(behind: length)] : [head, names(behind: 0)]
  }

  private func shared(_ ending: KernelAnswer.Ending) -> String {
    ending.failure == nil ? style.faint("error \(ending.word)") : style.bad(ending.phrase.shown)
  }

  // MARK: What was printed

  /// The rows. A row that is indented says little without the line that it is indented below, as
  /// in `/proc/zoneinfo`, so such a line goes with it.
  private func show(_ rows: [AnswerRow]) -> [String] {
    var lines: [String] = []
    var heading: String?
    for row in rows {
      let isHeading = row.firstText.first != " "
      if row.differs {
        if let line = heading, !isHeading { lines.append(line) }
        lines += show(ComparisonRow(row))
        heading = nil
      } else {
        let line = blanks(indent) + style.faint(row.firstText.shown)
        if scope == .everything { lines.append(line) } else if isHeading { heading = line }
      }
    }
    return lines
  }

  private func show(_ row: ComparisonRow) -> [String] {
    guard columns.fit(row, indent: indent) else { return stack(row) }
    let label = mark(true) + blanks(indent - 2) + row.label
    let cells = columns.line(row.texts.map { $0 ?? "" }, behind: indent + row.label.count) {
      row.changes(withKernel: $0) ? style.changed($1) : $1
    }
    return [label + cells]
  }

  /// The row in lines: which kernels, and what they say.
  private func stack(_ row: ComparisonRow) -> [String] {
    let margin = mark(true) + blanks(indent - 2)
    let groups = KernelGroup.groups(row.texts, of: comparison.kernels)
      .filter { $0.content != nil }
    let namesWidth = groups.map(\.names.count).max() ?? 0
    let textWidth = groups.compactMap { $0.content?.count }.max() ?? 0
    let lines = groups.map { group in
      let text = group.content ?? ""
      let shown: String =
        switch row.kind {
        case .values where text != AnswerRow.absent: text.indented(to: textWidth)
        case .failures where text != KernelAnswer.Ending.good.word: style.bad(text)
        case .values, .lines, .endings, .failures: text
        }
      return margin + (row.label.isEmpty ? "" : "  ") + group.names.padded(to: namesWidth) + "  "
        + shown
    }
    return row.label.isEmpty ? lines : [margin + row.label] + lines
  }

  private func mark(_ differs: Bool) -> String { differs ? style.changed("!") + " " : "  " }

  private func blanks(_ count: Int) -> String { String(repeating: " ", count: max(0, count)) }
}

extension LineComparison {
  /// The script's line as it is shown.
  fileprivate var title: String { InputError.harmless(text.filter { $0 != "\r" }) }

  /// What differs, as it is shown.
  fileprivate var differingRows: [ComparisonRow] {
    (endsDifferently ? [ComparisonRow(endings: answers.map(\.ending))] : [])
      + rows.filter(\.differs).map(ComparisonRow.init)
  }

  /// Whether something may fit into columns.
  fileprivate var hasShortRows: Bool { differingRows.contains { $0.kind != .failures } }
}
