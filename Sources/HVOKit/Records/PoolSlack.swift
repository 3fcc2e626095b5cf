// SPDX-License-Identifier: Apache-2.0

/// How much of a step is chance, because a request did not fit or memory was scarce.
struct PoolSlack: Equatable {
  /// How many huge pages more or fewer there may be.
  var pageCount: Int
  /// The size of those pages.
  var pageSize: RecordedPageSize

  /// The vmemmap pages of those huge pages: 8 each for 2M, 4096 each for 1G.
  var vmemmapPageCount: Int { pageCount * pageSize.vmemmapPageCount }

  /// The vmemmap pages that optimising those huge pages saves: 7 each for 2M, 4095 each for 1G.
  var savedPageCount: Int { pageCount * max(0, pageSize.vmemmapPageCount - 1) }
}

extension PoolSlack {
  /// The largest size of huge pages that `actions` ask for; `nil` if they ask for none.
  static func pageSize(
    askedForBy actions: [RecordedAction], on machine: RecordedMachine
  ) -> RecordedPageSize? {
    actions.compactMap { recorded in
      switch recorded.action {
      case .write(let path, _, _): pageSize(in: path, on: machine)
      case .mapHuge(_, let pageBytes, _): RecordedPageSize(kilobytes: pageBytes / 1024)
      default: nil
      }
    }.max()
  }

  /// The size of huge pages that the file `path` is about.
  private static func pageSize(
    in path: String, on machine: RecordedMachine
  ) -> RecordedPageSize? {
    for component in path.split(separator: "/") where component.hasPrefix("hugepages-") {
      return RecordedPageSize(name: component.dropFirst("hugepages-".count))
    }
    return path.hasPrefix("/proc/sys/vm/nr_") ? machine.defaultPageSize : nil
  }
}
