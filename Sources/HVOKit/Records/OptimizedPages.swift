// SPDX-License-Identifier: Apache-2.0

/// How many huge pages of each size were optimised, derived from what a record shows.
///
/// Every optimised folio whose descriptors fill n pages contributes n − 1 read-only entries.
/// Kernels before 7.2 also show a frame mapped n times for each; on 7.2 the entries are given to
/// the largest sizes first, as far as the pools hold such pages.
struct OptimizedPages: Equatable {
  private(set) var counts: [RecordedPageSize: Int] = [:]

  /// Nothing optimised.
  init() {}

  init(in observation: Observation, of kernel: RecordedKernel) {
    guard let vmemmap = observation.vmemmap else { return }
    var entries = vmemmap.readOnlyEntries
    for (size, pool) in observation.pools.sorted(by: { $0.key > $1.key }) {
      let entriesPerPage = size.vmemmapPageCount - 1
      guard entriesPerPage > 0 else { continue }
      let known =
        kernel.sharesTailsBetweenFolios
        ? pool.count : vmemmap.sharedFrames[size.vmemmapPageCount] ?? 0
      let count = min(known, entries / entriesPerPage)
      guard count > 0 else { continue }
      counts[size] = count
      entries -= count * entriesPerPage
    }
  }

  /// The read-only entries of all these pages.
  var readOnlyEntries: Int {
    counts.reduce(0) { $0 + $1.value * ($1.key.vmemmapPageCount - 1) }
  }

  /// The vmemmap pages of the huge pages that are optimised here and were not in `earlier`.
  func vmemmapPagesGained(since earlier: OptimizedPages) -> Int {
    counts.reduce(0) { sum, entry in
      let gained = max(0, entry.value - (earlier.counts[entry.key] ?? 0))
      return sum + gained * entry.key.vmemmapPageCount
    }
  }
}
