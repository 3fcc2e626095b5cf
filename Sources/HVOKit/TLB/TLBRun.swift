// SPDX-License-Identifier: Apache-2.0

/// Counts page walks with small and with huge pages.
public struct TLBRun {
  private let kernel: String?
  private let tableByteCount: UInt
  private let measurement: TLBMeasurement

  /// The largest table.
  static let largestTable: UInt = 4 << 30
  private static let granule: UInt = 4 << 10

  /// Prepares a run.
  ///
  /// - Throws: ``InputError`` for an option that cannot be used.
  public init(_ options: TLBOptions) throws(InputError) {
    let geometry = try TLBGeometry.named(options.cpu)
    let workload = try TLBWorkload(options.workload, lookups: options.lookups)
    kernel = options.kernel
    tableByteCount = try Self.tableByteCount(options.table, workload)
    guard !options.coalesces || geometry.coalescedPageCount > 1 else {
      throw InputError("--coalesce: \(geometry.title) merges no pages; leave the option out")
    }
    measurement = TLBMeasurement(
      geometry: geometry, workload: workload, coalesces: options.coalesces,
      hostPageByteCount: try Self.hostPageByteCount(options),
      threadCount: try Self.threadCount(options.threads, geometry, workload),
      seed: try options.seed.map { (text) throws(InputError) in
        UInt64(try SizeText.count(text, option: "--seed"))
      } ?? 1)
  }

  private static func tableByteCount(
    _ text: String?, _ workload: TLBWorkload
  ) throws(InputError) -> UInt {
    let byteCount =
      try text.map { (text) throws(InputError) in
        try SizeText.byteCount(text, option: "--table")
      } ?? 8 << 20
    guard byteCount > 0, byteCount % granule == 0, byteCount <= largestTable else {
      throw InputError(
        "--table: write a multiple of 4K up to \(ByteText.pageSize(largestTable)), such as 8M; "
          + "\(ByteText.short(byteCount)) is none")
    }
    if case .trace(let offsets, let name) = workload, let largest = offsets.max(),
      largest >= byteCount
    {
      throw InputError(
        "\(name): offset \(largest) lies behind the table of \(ByteText.short(byteCount)); "
          + "give it more with --table")
    }
    return byteCount
  }

  private static func hostPageByteCount(_ options: TLBOptions) throws(InputError) -> UInt? {
    guard let text = options.hostPages else { return options.isGuest ? 2 << 20 : nil }
    guard options.isGuest else {
      throw InputError("--host-pages: only a guest has a host; add --guest")
    }
    let byteCount = try SizeText.byteCount(text, option: "--host-pages")
    guard [4 << 10, 2 << 20, 1 << 30].contains(byteCount) else {
      throw InputError("--host-pages: \(InputError.quote(text)) is none of 4K, 2M and 1G")
    }
    return byteCount
  }

  private static func threadCount(
    _ text: String?, _ geometry: TLBGeometry, _ workload: TLBWorkload
  ) throws(InputError) -> UInt {
    let limit = UInt(geometry.threadCount)
    guard case .dentryHash = workload else {
      guard text == nil || text == "1" else {
        throw InputError("--threads: only the workload dentry-hash has several")
      }
      return 1
    }
    guard let text else { return limit }
    let count = try SizeText.count(text, option: "--threads")
    guard (1...limit).contains(count) else {
      throw InputError(
        "--threads: a core of \(geometry.title) has "
          + "\(ByteText.count(limit, "hardware thread")), not \(count)")
    }
    return count
  }

  /// Runs the workload with tables of all sizes.
  ///
  /// - Parameters:
  ///   - varies: whether other sizes than the one that was asked for are tried.
  ///   - progress: is told what is being done.
  /// - Throws: ``InputError`` if there is no such kernel.
  public func run(
    varyingSize varies: Bool = true, progress: (String) -> Void = { _ in }
  ) throws(InputError) -> TLBReport {
    let others = varies ? otherSizes : []
    let twin = try TableTwin(
      architecture: measurement.geometry.architecture, kernel: kernel,
      tableByteCount: (others + [tableByteCount]).max() ?? tableByteCount)
    var counts: [(byteCount: UInt, small: TLBReport.Count, huge: TLBReport.Count)] = []
    for byteCount in (others + [tableByteCount]).sorted() {
      progress("hvo: a table of \(ByteText.short(byteCount)) …")
      counts.append(
        (
          byteCount, measurement.run(on: try twin.table(byteCount, .small)),
          measurement.run(on: try twin.table(byteCount, .huge))
        ))
    }
    guard let own = counts.first(where: { $0.byteCount == tableByteCount }) else {
      throw InputError("--table: nothing was counted")
    }
    return report(
      own.small, own.huge, kernelName: twin.kernelName,
      sizes: others.isEmpty ? [] : counts.map { Self.size($0.byteCount, $0.small, $0.huge) })
  }

  /// From an eighth of the size to eight times as much.
  private var otherSizes: [UInt] {
    if case .trace = measurement.workload { return [] }
    let factors: [(UInt, UInt)] = [(1, 8), (1, 4), (1, 2), (3, 4), (3, 2), (2, 1), (4, 1), (8, 1)]
    return factors.map { tableByteCount * $0 / $1 }.filter {
      $0 >= Self.granule && $0 % Self.granule == 0 && $0 <= Self.largestTable
    }
  }

  private static func size(
    _ byteCount: UInt, _ small: TLBReport.Count, _ huge: TLBReport.Count
  ) -> TLBReport.Size {
    TLBReport.Size(
      tableBytes: byteCount, smallWalks: small.walks, hugeWalks: huge.walks,
      smallMissRate: small.tableMissRate, hugeMissRate: huge.tableMissRate)
  }

  private func report(
    _ small: TLBReport.Count, _ huge: TLBReport.Count, kernelName: String,
    sizes: [TLBReport.Size]
  ) -> TLBReport {
    let geometry = measurement.geometry
    return TLBReport(
      cpu: geometry.name, isUnverified: geometry.isUnverified,
      architecture: geometry.architecture, kernelDesign: kernelName,
      workload: measurement.workload.name, lookups: measurement.workload.lookupCount,
      threads: measurement.threadCount, seed: measurement.seed, tableBytes: tableByteCount,
      coalescedPages: measurement.coalesces ? geometry.coalescedPageCount : 1,
      hostPageBytes: measurement.hostPageByteCount, firstLevel: Self.parts(geometry.firstLevel),
      secondLevel: Self.parts(geometry.secondLevel), small: small, huge: huge,
      ratio: TLBReport.ratio(small.walks, huge.walks), sizes: sizes, notes: notes(huge))
  }

  private static func parts(_ parts: [TLBGeometry.Part]) -> [TLBReport.Part] {
    parts.map { .init(pageBytes: $0.pageSizes, entries: $0.entryCount, ways: $0.wayCount) }
  }

  private func notes(_ huge: TLBReport.Count) -> [String] {
    var notes: [String] = []
    if measurement.geometry.isUnverified {
      notes.append("no document of the vendor is known that says all of this TLB's geometry")
    }
    if tableByteCount < 2 << 20 {
      notes.append("a table of less than 2 MiB is never mapped with huge pages")
    } else if let host = measurement.hostPageByteCount, host < 2 << 20 {
      notes.append("a host that maps small pages leaves nothing of the guest's huge ones")
    }
    if case .dentryHash = measurement.workload {
      notes.append(
        "walks of loads, as dTLB-load-misses counts them; Documentation/Design/TLBModel.md says "
          + "what the model is made of and what it leaves out")
    }
    return notes
  }
}
