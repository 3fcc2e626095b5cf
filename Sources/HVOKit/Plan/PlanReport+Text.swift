// SPDX-License-Identifier: Apache-2.0

extension PlanReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    var lines = heading(style)
    for section in [tables(style), remarkLines(style), adviceLines(style), noteLines(style)]
    where !section.isEmpty {
      lines += [""] + section
    }
    return lines
  }

  private func heading(_ style: TextStyle) -> [String] {
    let free = machine.nodes.reduce(0) { $0 + $1.freeBytes }
    var lines: [String] = []
    if let host {
      let place = isOfThisHost ? "this host" : "the host in \(host.source)"
      let release = host.kernelRelease.map { " (Linux \($0))" } ?? ""
      lines.append(style.strong("A twin of \(place)\(release)"))
    } else {
      lines.append(style.strong("A twin of the machine you describe"))
    }
    lines += TextWrap.lines(
      "\(machine.architecture), \(ByteText.count(UInt(machine.cpuCount), "CPU")), "
        + "\(ByteText.short(machine.memoryBytes)) on "
        + "\(ByteText.count(UInt(machine.nodes.count), "node")), "
        + "\(ByteText.short(free)) free for huge pages")
    lines.append("  \(KernelChoice.phrase(machine.kernelDesign))")
    guard let host else { return lines }
    let state = host.optimizationState
    lines += TextWrap.lines(
      "HVO on \(isOfThisHost ? "the" : "that") host itself: "
        + (state == "on" ? style.good(state) : style.bad(state)) + " (\(host.optimizationReason))")
    return lines
  }

  private var isOfThisHost: Bool { host?.source == "/" }

  private func remarkLines(_ style: TextStyle) -> [String] {
    var lines: [String] = []
    for planCase in cases {
      let reasons = (planCase.notRun.map { ["not run: \($0)"] } ?? []) + planCase.remarks
      guard !reasons.isEmpty else { continue }
      lines.append("  \(planCase.title)")
      lines += reasons.flatMap { TextWrap.lines($0, indent: 4) }.map(style.bad)
    }
    return lines.isEmpty ? [] : [style.strong("What went otherwise")] + lines
  }

  private func adviceLines(_ style: TextStyle) -> [String] {
    guard !advice.isEmpty else { return [] }
    let place = host == nil ? "" : isOfThisHost ? " on this host" : " on that host"
    return [style.strong("How to get it\(place), as root")]
      + advice.flatMap { item in
        TextWrap.lines(item.text)
          + (item.command.map { ["      " + style.strong($0)] } ?? [])
      }
  }

  private func noteLines(_ style: TextStyle) -> [String] {
    guard !notes.isEmpty else { return [] }
    return [style.strong("Notes")] + notes.flatMap { TextWrap.lines($0) }.map(style.faint)
  }
}
