// SPDX-License-Identifier: Apache-2.0

extension ComparisonRules {
  /// Pools are equal; under slack the pages, the free and the surplus ones within its pages.
  ///
  /// Every kernel has pools: a step that shows none has left them out.
  static func pools(_ step: StepComparison) -> [Difference] {
    if step.wanted.pools.isEmpty { return [] }
    var differences = pools(step, "pools", wanted: step.wanted.pools, found: step.found.pools)
    for node in step.wanted.nodePools.keys.sorted() {
      differences += pools(
        step, "node_pools.\(node)", wanted: step.wanted.nodePools[node] ?? [:],
        found: step.found.nodePools[node] ?? [:])
    }
    return differences
  }

  private static func pools(
    _ step: StepComparison, _ place: String, wanted: [RecordedPageSize: PoolCounts],
    found: [RecordedPageSize: PoolCounts]
  ) -> [Difference] {
    Set(wanted.keys).union(found.keys).sorted().flatMap { size in
      pool(step, "\(place).\(size)", wanted: wanted[size], found: found[size])
    }
  }

  private static func pool(
    _ step: StepComparison, _ place: String, wanted: PoolCounts?, found: PoolCounts?
  ) -> [Difference] {
    let slack = step.slack?.pageCount ?? 0
    func compare(_ name: String, _ wanted: Int?, _ found: Int?, within slack: Int) -> [Difference] {
      step.compare("\(place).\(name)", by: .pools, wanted: wanted, found: found, within: slack)
    }
    var differences =
      compare("nr", wanted?.count, found?.count, within: slack)
      + compare("free", wanted?.free, found?.free, within: slack)
      + compare("surplus", wanted?.surplus, found?.surplus, within: slack)
    if let reserved = wanted?.reserved {
      differences += compare("reserved", reserved, found?.reserved, within: 0)
    }
    if let limit = wanted?.overcommit, limit != found?.overcommit {
      differences.append(
        step.difference(
          "\(place).overcommit", .pools, .text("\(limit)"),
          found?.overcommit.map { .text("\($0)") } ?? .absent))
    }
    return differences
  }
}
