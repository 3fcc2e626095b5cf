// SPDX-License-Identifier: Apache-2.0

/// Counts what a workload makes a processor walk for.
struct TLBMeasurement {
  let geometry: TLBGeometry
  let workload: TLBWorkload
  /// Whether base pages that lie together share entries where the processor can do it.
  var coalesces = false
  /// The pages with which a host maps the machine's memory; nil if there is no host.
  var hostPageByteCount: UInt?
  /// The hardware threads at work.
  var threadCount: UInt = 1
  var seed: UInt64 = 1

  /// Runs the workload on a table, from a TLB that knows nothing.
  func run(on table: MappedTable) -> TLBReport.Count {
    let reaches = table.reaches(
      coalescedPageCount: coalesces ? geometry.coalescedPageCount : 1,
      hostPageByteCount: hostPageByteCount)
    var count = TLBReport.Count(
      translations: UInt(table.entryCount(reaches)), reads: 0, firstLevelMisses: 0, walks: 0,
      tableReads: 0, tableWalks: 0)
    var tlb = DataTLB(geometry)
    let host = hostPageByteCount ?? .max
    workload.forEachAccess(
      tableByteCount: table.byteCount, pageByteCount: table.pageByteCount,
      threadCount: threadCount, seed: seed
    ) { access in
      let outcome: DataTLB.Outcome
      let isOfTable: Bool
      switch access.target {
      case .table(let offset):
        let reach = reaches[Int(offset / table.pageByteCount)]
        outcome = tlb.translate(table.start + offset, reach, space: access.thread)
        isOfTable = true
      case .memory(let address, let pageByteCount):
        let reach = TLBReach(pageByteCount: min(pageByteCount, host))
        outcome = tlb.translate(address, reach, space: access.thread)
        isOfTable = false
      }
      if access.isLoad { count.note(outcome, isOfTable: isOfTable) }
    }
    return count
  }
}

extension TLBReport.Count {
  fileprivate mutating func note(_ outcome: DataTLB.Outcome, isOfTable: Bool) {
    reads += 1
    if isOfTable { tableReads += 1 }
    guard outcome != .firstLevel else { return }
    firstLevelMisses += 1
    guard outcome == .walk else { return }
    walks += 1
    if isOfTable { tableWalks += 1 }
  }
}
