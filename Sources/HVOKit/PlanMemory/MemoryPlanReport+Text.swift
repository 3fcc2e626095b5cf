// SPDX-License-Identifier: Apache-2.0

extension MemoryPlanReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    var lines = heading(style)
    if let refusal {
      lines += ["", style.bad("It cannot be done")] + TextWrap.lines(refusal)
    }
    if let result {
      for section in [
        costLines(result, style), placeLines(result, style), departureLines(result, style),
        remarkLines(result, style),
      ] where !section.isEmpty {
        lines += [""] + section
      }
    }
    guard !notes.isEmpty else { return lines }
    return lines + ["", style.strong("Notes")]
      + notes.flatMap { TextWrap.lines($0) }.map(style.faint)
  }

  private func heading(_ style: TextStyle) -> [String] {
    let of = host.map { $0.source == "/" ? "this host" : "the host in \($0.source)" }
    var lines = [style.strong("A twin of \(of ?? "the machine you describe")")]
    lines += TextWrap.lines(
      "\(machine.architecture), \(ByteText.short(machine.memoryBytes)) on "
        + "\(ByteText.count(UInt(machine.nodes.count), "node")), memory blocks of "
        + ByteText.short(asked.blockBytes))
    lines.append("  \(KernelChoice.phrase(machine.kernelDesign))")
    return lines + TextWrap.lines(question)
  }

  private var question: String {
    let place = "at 0x\(String(asked.startAddress, radix: 16))"
    guard asked.kind == "dax" else {
      return "plus \(ByteText.short(asked.bytes)) \(place), node \(asked.node)"
        + (asked.memmapOnMemory == true ? ", to hold its own descriptors" : "")
    }
    return "plus a device of \(ByteText.short(asked.bytes)) \(place), near node \(asked.node), in "
      + "\(ByteText.pageSize(asked.alignBytes ?? 0)) pages, map=\(asked.map ?? "")"
  }

  private func costLines(_ result: Result, _ style: TextStyle) -> [String] {
    let descriptors = result.descriptors
    var table = TextTable([.left, .right, .left])
    func row(_ name: String, _ value: String, _ remark: String = "") {
      table.add([name, value, remark])
    }
    row(
      "vmemmap pages", ByteText.grouped(descriptors.mappedPages),
      descriptors.hugeLeaves > 0
        ? "in \(ByteText.count(descriptors.hugeLeaves, "huge leaf", "huge leaves"))" : "")
    row("  private", ByteText.grouped(descriptors.privatePages))
    row(
      "  shared", ByteText.grouped(descriptors.sharedPages),
      descriptors.sharedPages == 0
        ? ""
        : "with \(ByteText.count(descriptors.sharedFrames, "frame")), "
          + "\(descriptors.readOnlyPages > 0 ? "read-only" : "writable")")
    row("  frames they take", ByteText.grouped(descriptors.frames))
    row("page tables", ByteText.short(result.tableBytes), "made for it")
    row("entries written", ByteText.grouped(result.cost.entriesWritten))
    row(
      "usable", ByteText.short(result.usableBytes),
      asked.kind == "dax" ? "for data" : "as memory, once online")
    row("free ordinary memory", ByteText.signed(result.freeBytesChange), "all costs paid")
    return [style.strong("What it costs")] + table.lines(indent: 2, style)
  }

  private func placeLines(_ result: Result, _ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right])
    table.addHeading(["", "descriptors", "in blocks"])
    for place in result.places {
      let name =
        place.kind == "node"
        ? "ordinary memory of node \(place.node ?? 0)"
        : asked.kind == "dax" ? "the device itself" : "the added memory itself"
      // A device's memory is in no block.
      let isDevice = place.kind != "node" && asked.kind == "dax"
      table.add([
        name, ByteText.short(place.bytes), isDevice ? "" : ByteText.grouped(place.blocks),
      ])
    }
    return [style.strong("Where the memmap goes")] + table.lines(indent: 2, style)
  }

  private func departureLines(_ result: Result, _ style: TextStyle) -> [String] {
    guard !result.departures.isEmpty else { return [] }
    var table = TextTable([.left, .right, .right, .right, .left])
    table.addHeading(["", "tried", "done", "done before", ""])
    for departure in result.departures {
      table.add([
        departure.what, ByteText.grouped(departure.blocks), ByteText.grouped(departure.succeeded),
        departure.possibleBefore.map(ByteText.grouped) ?? "",
        departure.errors.joined(separator: ", "),
      ])
    }
    return [style.strong("What can be taken away later, tried in the twin")]
      + table.lines(indent: 2, style)
  }

  private func remarkLines(_ result: Result, _ style: TextStyle) -> [String] {
    guard !result.remarks.isEmpty else { return [] }
    return [style.strong("What follows")] + result.remarks.flatMap { TextWrap.lines($0) }
  }
}
