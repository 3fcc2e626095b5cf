// SPDX-License-Identifier: Apache-2.0

// The tables of a plan. None is wider than a terminal of 80 columns.

extension PlanReport {
  /// What the cases give back, whether that can be undone, and what both cost.
  func tables(_ style: TextStyle) -> [String] {
    let run = cases.filter { $0.total != nil }
    guard !run.isEmpty else { return [] }
    var lines = [style.strong("What HVO gives back")] + Self.savings(run, style)
    lines += ["", style.strong("Can the huge pages be given back later?")]
    lines += Self.undoing(run, style)
    let costs = run.filter { $0.cost?.isNothing == false }
    guard !costs.isEmpty else { return lines }
    return lines + ["", style.strong("What it costs")] + Self.costs(costs, style)
  }

  private static func savings(_ cases: [Case], _ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right])
    table.addHeading(["", "pages", "vmemmap", "vmemmap", "page", "NET given"])
    table.addHeading(["", "optimized", "without", "with HVO", "tables", "back"])
    for planCase in cases { add(planCase, to: &table, savingCells) }
    return table.lines(indent: 2, style)
  }

  private static func savingCells(_ result: NodeResult) -> [String] {
    [
      result.pools.isEmpty ? "none" : pages(result.pools),
      ByteText.short(result.vmemmapBytesBefore), ByteText.short(result.vmemmapBytesAfter),
      ByteText.signed(result.tableBytesSpent), ByteText.signed(result.netBytesGivenBack),
    ]
  }

  /// The optimised pages; with their size only where there are several sizes.
  private static func pages(_ pools: [Pool]) -> String {
    pools.map { pool in
      let count = ByteText.grouped(pool.optimizedPages)
      let all =
        pool.optimizedPages == pool.pages ? count : "\(count) of \(ByteText.grouped(pool.pages))"
      return pools.count > 1 ? "\(all) × \(ByteText.pageSize(pool.pageBytes))" : all
    }.joined(separator: ", ")
  }

  private static func undoing(_ cases: [Case], _ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right, .left])
    table.addHeading(["", "memory", "memory free", ""])
    table.addHeading(["", "it takes", "when it begins", "done in the twin"])
    for planCase in cases { add(planCase, to: &table, undoingCells) }
    return table.lines(indent: 2, style)
  }

  private static func undoingCells(_ result: NodeResult) -> [String] {
    [
      ByteText.short(result.restoreBytesNeeded), ByteText.short(result.restoreBytesFree),
      result.pagesNotGivenBack == 0
        ? "yes, all given back"
        : "no, \(ByteText.count(result.pagesNotGivenBack, "page stays", "pages stay"))",
    ]
  }

  /// Adds a case: its title with the total, then its nodes; a title that is too long for the
  /// first column stands above.
  private static func add(
    _ planCase: Case, to table: inout TextTable, _ cells: (NodeResult) -> [String]
  ) {
    guard let total = planCase.total else { return }
    let isWide = planCase.title.count > 24 || total.pools.count > 1
    if isWide { table.addAcross(planCase.title) }
    table.add([isWide ? "  total" : planCase.title] + cells(total))
    guard planCase.nodes.count > 1 else { return }
    for node in planCase.nodes { table.add(["  node \(node.node ?? 0)"] + cells(node)) }
  }

  private static func costs(_ cases: [Case], _ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right, .right])
    table.addHeading(["", "entries", "memory", "page", "full", "", "grace"])
    table.addHeading(["", "written", "copied", "flushes", "flushes", "IPIs", "periods"])
    for planCase in cases {
      guard let cost = planCase.cost else { continue }
      table.addAcross(planCase.title)
      table.add(["  to grow"] + cells(cost.grow))
      table.add(["  to shrink"] + cells(cost.shrink))
    }
    return table.lines(indent: 2, style)
  }

  private static func cells(_ work: Work) -> [String] {
    [
      ByteText.grouped(work.entriesWritten), ByteText.short(work.bytesCopied),
      ByteText.grouped(work.pageFlushes), ByteText.grouped(work.fullFlushes),
      ByteText.grouped(work.interprocessorInterrupts), ByteText.grouped(work.gracePeriods),
    ]
  }
}

extension PlanReport.Cost {
  /// Whether nothing was done to page tables at all.
  fileprivate var isNothing: Bool {
    [grow, shrink].allSatisfy { $0.entriesWritten == 0 && $0.bytesCopied == 0 }
  }
}
