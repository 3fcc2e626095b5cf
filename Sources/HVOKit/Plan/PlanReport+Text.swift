// SPDX-License-Identifier: Apache-2.0

extension PlanReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    var lines = heading(style) + [""]
    lines.append(style.strong("What HVO gives back"))
    lines += savings(style) + [""]
    if cases.contains(where: { $0.cost != nil }) {
      lines.append(style.strong("What it costs"))
      lines += costs(style) + [""]
    }
    let remarks = cases.flatMap { planCase in planCase.remarks.map { "\(planCase.title): \($0)" } }
    if !remarks.isEmpty {
      lines.append(style.strong("What went otherwise"))
      lines += remarks.map { "  " + style.bad($0) } + [""]
    }
    lines.append(style.strong(host == nil ? "How to get it" : "How to get it on this host"))
    lines += adviceLines(style)
    if !notes.isEmpty {
      lines += ["", style.strong("Notes")] + notes.map { "  " + style.faint($0) }
    }
    return lines
  }

  private func heading(_ style: TextStyle) -> [String] {
    let free = machine.nodes.reduce(0) { $0 + $1.freeBytes }
    var lines: [String] = []
    if let host {
      let place = host.source == "/" ? "this host" : "the host in \(host.source)"
      let release = host.kernelRelease.map { " (Linux \($0))" } ?? ""
      lines.append(style.strong("A twin of \(place)\(release)"))
    } else {
      lines.append(style.strong("A twin of the machine you describe"))
    }
    lines.append(
      "  \(machine.architecture), \(ByteText.count(UInt(machine.cpuCount), "CPU")), "
        + "\(ByteText.short(machine.memoryBytes)) on "
        + "\(ByteText.count(UInt(machine.nodes.count), "node")), "
        + "\(ByteText.short(free)) free for huge pages")
    lines.append("  imitates the memory management of Linux \(machine.kernelDesign)")
    if let host {
      let state = host.optimizationState
      lines.append(
        "  HVO on the host itself: "
          + (state == "on" ? style.good(state) : style.bad(state))
          + " (\(host.optimizationReason))")
    }
    return lines
  }

  private func adviceLines(_ style: TextStyle) -> [String] {
    advice.flatMap { item in
      (item.text.isEmpty ? [] : ["  " + item.text])
        + (item.command.map { ["      " + style.strong($0)] } ?? [])
    }
  }
}

// MARK: - Tables

extension PlanReport {
  private func savings(_ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right, .right, .right, .left])
    table.addHeading([
      "", "optimized pages", "vmemmap", "with HVO", "page tables", "NET back", "undoing needs",
      "free then", "undone in the twin?",
    ])
    for planCase in cases {
      guard let total = planCase.total else {
        table.add([planCase.title, "not run"])
        continue
      }
      table.add(Self.row(planCase.title, total))
      guard planCase.nodes.count > 1 else { continue }
      for node in planCase.nodes { table.add(Self.row("  node \(node.node ?? 0)", node)) }
    }
    let reasons = cases.compactMap { planCase in
      planCase.notRun.map { "  " + style.bad("not run: \(planCase.title): \($0)") }
    }
    return table.lines(indent: 2, style) + reasons
  }

  private static func row(_ title: String, _ result: NodeResult) -> [String] {
    let pools = result.pools.map { pool in
      pool.optimizedPages == pool.pages
        ? "\(ByteText.grouped(pool.pages)) × \(ByteText.pageSize(pool.pageBytes))"
        : "\(ByteText.grouped(pool.optimizedPages)) of \(ByteText.grouped(pool.pages)) × "
          + ByteText.pageSize(pool.pageBytes)
    }
    return [
      title, pools.isEmpty ? "none" : pools.joined(separator: ", "),
      ByteText.short(result.vmemmapBytesBefore), ByteText.short(result.vmemmapBytesAfter),
      ByteText.signed(result.tableBytesSpent), ByteText.signed(result.netBytesGivenBack),
      ByteText.short(result.restoreBytesNeeded), ByteText.short(result.restoreBytesFree),
      result.pagesNotGivenBack == 0
        ? "yes, all" : "no, \(ByteText.grouped(result.pagesNotGivenBack)) pages stay",
    ]
  }

  private func costs(_ style: TextStyle) -> [String] {
    var table = TextTable([.left, .left, .right, .right, .right, .right, .right, .right])
    table.addHeading([
      "", "", "entries written", "copied", "page flushes", "full flushes", "IPIs",
      "grace periods",
    ])
    for planCase in cases {
      guard let cost = planCase.cost else { continue }
      table.add([planCase.title, "grow"] + Self.cells(cost.grow))
      table.add(["", "shrink"] + Self.cells(cost.shrink))
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
