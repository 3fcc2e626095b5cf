// SPDX-License-Identifier: Apache-2.0

/// Puts what several kernels printed side by side, so that each row is about one thing.
///
/// Files such as `/proc/vmstat` name what they tell, and kernels have different names in different
/// orders: there a name finds its row wherever it stands. Elsewhere the rows are those of the
/// smallest edit that makes one text of the other, and lines that replace each other share a row.
struct AnswerAlignment {
  /// The rows, in the order of the kernels' lines.
  private(set) var rows: [AnswerRow] = []
  private let empty: [AnswerRow.Cell]
  /// Longer texts than these are not searched for the smallest edit, which takes quadratic memory.
  private static let searchLimit = 4_000

  /// Nothing yet; `cells` has `.absent` for each kernel that will be added, and `.silent` for others.
  init(_ cells: [AnswerRow.Cell]) { empty = cells }

  /// Adds what kernel number `kernel` printed.
  mutating func add(_ lines: [AnswerLine], ofKernel kernel: Int) {
    var newBehind = [[AnswerRow]](repeating: [], count: rows.count + 1)
    var position = 0
    for (line, partner) in zip(lines, partners(of: lines)) {
      if let partner {
        rows[partner].cells[kernel] = .line(line)
        position = partner + 1
      } else {
        var cells = empty
        cells[kernel] = .line(line)
        newBehind[position].append(AnswerRow(cells: cells))
      }
    }
    rows = newBehind[0] + zip(rows, newBehind.dropFirst()).flatMap { [$0] + $1 }
  }

  /// The row that each line belongs to; nil for lines that no kernel had before.
  private func partners(of lines: [AnswerLine]) -> [Int?] {
    if let partners = partnersByName(lines) { return partners }
    guard rows.count + lines.count <= Self.searchLimit else {
      return lines.indices.map { $0 < rows.count ? $0 : nil }
    }
    return pairingReplacements(lines, partnersInOrder(lines))
  }

  /// The rows by name; nil unless each line has a name of its own.
  private func partnersByName(_ lines: [AnswerLine]) -> [Int?]? {
    guard lines.allSatisfy({ $0.name != nil }), !rows.contains(where: \.isNameless),
      Set(lines.map(\.token)).count == lines.count
    else { return nil }
    var index: [String: Int] = [:]
    for (position, row) in rows.enumerated() {
      guard index.updateValue(position, forKey: row.token) == nil else { return nil }
    }
    return lines.map { index[$0.token] }
  }

  /// The rows that the smallest edit of the tokens leaves in place.
  private func partnersInOrder(_ lines: [AnswerLine]) -> [Int?] {
    let old = rows.map(\.token)
    let edit = lines.map(\.token).difference(from: old)
    var (removed, inserted) = (Set<Int>(), Set<Int>())
    for change in edit {
      switch change {
      case .remove(let offset, _, _): removed.insert(offset)
      case .insert(let offset, _, _): inserted.insert(offset)
      }
    }
    var kept = old.indices.lazy.filter { !removed.contains($0) }.makeIterator()
    return lines.indices.map { inserted.contains($0) ? nil : kept.next() }
  }

  /// Where as many nameless lines are gone as have come, each takes the place of one.
  private func pairingReplacements(_ lines: [AnswerLine], _ partners: [Int?]) -> [Int?] {
    var result = partners
    var firstLine = 0
    var firstRow = 0
    for (line, partner) in Array(partners.enumerated()) + [(lines.count, rows.count)] {
      guard let partner else { continue }
      let gap = firstRow..<partner
      if gap.count == line - firstLine, rows[gap].allSatisfy(\.isNameless),
        lines[firstLine..<line].allSatisfy({ $0.name == nil })
      {
        for (line, row) in zip(firstLine..<line, gap) { result[line] = row }
      }
      (firstLine, firstRow) = (line + 1, partner + 1)
    }
    return result
  }
}
