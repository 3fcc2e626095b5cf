// SPDX-License-Identifier: Apache-2.0

extension TLBReport {
  /// The report for people, line by line.
  public func text(_ style: TextStyle) -> [String] {
    heading(style) + [""] + counts(style) + sensitivity(style) + remarks(style)
  }

  private func heading(_ style: TextStyle) -> [String] {
    let title = TLBGeometry.all.first { $0.name == cpu }?.title ?? cpu
    var lines = [style.strong("A data TLB like that of \(title) (\(architecture))")]
    lines += TextWrap.lines("first level: \(Self.phrase(firstLevel))")
    lines += TextWrap.lines("second level: \(Self.phrase(secondLevel))")
    lines += TextWrap.lines("\(lookupPhrase), \(ByteText.count(threads, "hardware thread"))")
    lines += TextWrap.lines(
      "a table of \(ByteText.short(tableBytes)) in a vmalloc area of a twin that "
        + KernelChoice.phrase(kernelDesign))
    if let hostPageBytes {
      lines += TextWrap.lines(
        "a guest, which the host maps with \(ByteText.pageSize(hostPageBytes)) pages")
    }
    if coalescedPages > 1 {
      lines += TextWrap.lines("\(coalescedPages) base pages that lie together share an entry")
    }
    return lines
  }

  private static func phrase(_ parts: [Part]) -> String {
    parts.map {
      TLBGeometry.Part(pageSizes: $0.pageBytes, entryCount: $0.entries, wayCount: $0.ways).phrase
    }.joined(separator: "; ")
  }

  private var lookupPhrase: String {
    switch workload {
    case "dentry-hash": "dentry-hash: git diff over \(ByteText.count(lookups, "file"))"
    case "random", "stride": "\(workload): \(ByteText.count(lookups, "read"))"
    default: "\(InputError.harmless(workload)): \(ByteText.count(lookups, "read"))"
    }
  }

  private func counts(_ style: TextStyle) -> [String] {
    var table = TextTable([.left, .right, .right, .right, .right, .right])
    table.addHeading(["", "entries for", "reads of", "walks for", "of these", "walks"])
    table.addHeading(["", "the table", "the table", "the table", "reads", "in all"])
    for (name, count) in [("small pages", small), ("huge pages", huge)] {
      table.add([
        name, ByteText.grouped(count.translations), ByteText.grouped(count.tableReads),
        ByteText.grouped(count.tableWalks), Self.percent(count.tableMissRate),
        ByteText.grouped(count.walks),
      ])
    }
    return [style.strong("Page walks, small against huge")] + table.lines(indent: 2, style)
      + ["", "  " + verdict]
  }

  private var verdict: String {
    guard small.walks != huge.walks else { return "Huge pages change nothing here." }
    guard let ratio else { return "With huge pages no walk is left." }
    return "\(ByteText.grouped(small.walks)) to \(ByteText.grouped(huge.walks)): "
      + "\(Self.decimal(ratio)) times as many with small pages"
  }

  private static let plotWidth = 30

  private func sensitivity(_ style: TextStyle) -> [String] {
    guard !sizes.isEmpty else { return [] }
    var table = TextTable([.right, .right, .right, .right, .left])
    table.addHeading(["", "small:", "huge:", "", "reads of the table that walk,"])
    table.addHeading(["table", "walks", "walks", "ratio", "small #, huge +"])
    for size in sizes {
      let ratio = Self.ratio(size.smallWalks, size.hugeWalks)
      table.add([
        ByteText.short(size.tableBytes), ByteText.grouped(size.smallWalks),
        ByteText.grouped(size.hugeWalks), ratio.map(Self.decimal) ?? "",
        Self.bar(size),
      ])
    }
    return ["", style.strong("How that depends on the size of the table")]
      + table.lines(indent: 2, style)
  }

  private static func bar(_ size: Size) -> String {
    func length(_ rate: Double) -> Int { Int((rate * Double(plotWidth)).rounded()) }
    let (small, huge) = (length(size.smallMissRate), length(size.hugeMissRate))
    let text =
      String(repeating: "+", count: huge)
      + String(repeating: "#", count: max(0, small - huge))
    return "|\(text) \(percent(size.smallMissRate))"
  }

  private func remarks(_ style: TextStyle) -> [String] {
    guard !notes.isEmpty else { return [] }
    return ["", style.strong("Notes")] + notes.flatMap { TextWrap.lines($0) }.map(style.faint)
  }

  private static func percent(_ rate: Double) -> String { decimal(rate * 100) + "%" }

  /// A number with one decimal.
  private static func decimal(_ value: Double) -> String {
    let tenths = UInt((value * 10).rounded())
    return "\(ByteText.grouped(tenths / 10)).\(tenths % 10)"
  }
}
