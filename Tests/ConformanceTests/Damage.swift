// SPDX-License-Identifier: Apache-2.0

import HVOKit

/// One field of an observation that can be made wrong by a number of units.
struct Damage {
  /// The field that a replay must report.
  var field: String
  /// By how much the field may be wrong unnoticed.
  var tolerance: Int
  var apply: (inout Observation, Int) -> Void
}

extension Damage {
  /// What can be wrong after `step`, on its own, with the tolerance that the rules give.
  static func all(of step: RecordStep, in record: Record) -> [Damage] {
    guard let seen = step.after else { return [] }
    guard let vmemmap = seen.vmemmap else { return vmalloc(seen) }
    let slack = step.poolSlack
    var damages = pools(seen, slack: slack ?? 0) + zoneSizes(seen)
    if step.memTotalIsExact { damages += totals(seen, in: record) }
    if seen.freePages != nil, record.boot.freePages != nil {
      damages.append(Damage(field: "free", tolerance: 160) { $0.freePages? += $1 })
    }
    damages += tables(seen)
    if slack == nil {
      damages += savings + [sharing(vmemmap, in: record, zoneCount: seen.zones.count)]
    }
    return damages
  }

  /// Steps about vmalloc areas show nothing else.
  private static func vmalloc(_ seen: Observation) -> [Damage] {
    guard seen.vmallocHugeLeaves != nil else { return [] }
    return [Damage(field: "vmalloc.huge_leaves", tolerance: 0) { $0.vmallocHugeLeaves? += $1 }]
  }

  private static func pools(_ seen: Observation, slack: Int) -> [Damage] {
    seen.pools.keys.sorted().flatMap { size in
      [
        Damage(field: "pools.\(size).nr", tolerance: slack) { $0.pools[size]?.count += $1 },
        Damage(field: "pools.\(size).free", tolerance: slack) { $0.pools[size]?.free += $1 },
        Damage(field: "pools.\(size).surplus", tolerance: slack) { $0.pools[size]?.surplus += $1 },
        Damage(field: "pools.\(size).reserved", tolerance: 0) { $0.pools[size]?.reserved? += $1 },
        Damage(field: "pools.\(size).overcommit", tolerance: 0) {
          $0.pools[size]?.overcommit? += UInt64($1)
        },
      ]
    }
      + seen.nodePools.keys.sorted().map { node in
        Damage(field: "node_pools.\(node).2048kB.nr", tolerance: slack) {
          $0.nodePools[node]?[.twoMegabytes]?.count += $1
        }
      }
  }

  private static func totals(_ seen: Observation, in record: Record) -> [Damage] {
    let spread = record.kernel == .v7_2 ? 16 : 0
    var damages = [Damage(field: "MemTotal", tolerance: spread) { $0.memTotal? += $1 }]
    damages += seen.zones.keys.sorted().map { zone in
      Damage(field: "zones.\(zone).managed", tolerance: spread) { $0.zones[zone]?.managed += $1 }
    }
    guard record.kernel != .v6_1 else { return damages }
    // What one counter gains the other loses, or their sum is wrong before they are.
    damages.append(
      Damage(field: "nr_memmap_pages", tolerance: spread) { $0.memmapPages? += $1 })
    damages.append(
      Damage(field: "nr_memmap_boot_pages", tolerance: spread) { $0.bootMemmapPages? += $1 })
    return damages
  }

  private static func zoneSizes(_ seen: Observation) -> [Damage] {
    seen.zones.keys.sorted().flatMap { zone in
      [
        Damage(field: "zones.\(zone).spanned", tolerance: 0) { $0.zones[zone]?.spanned += $1 },
        Damage(field: "zones.\(zone).present", tolerance: 0) { $0.zones[zone]?.present += $1 },
      ]
    }
  }

  private static func tables(_ seen: Observation) -> [Damage] {
    let nodeCount = Set(seen.zones.keys.map(\.node)).count
    let poolPages = seen.pools.values.reduce(0) { $0 + $1.count }
    let spread = 3 + nodeCount + poolPages / 64
    return [
      Damage(field: "vmemmap.entry_tables", tolerance: spread) { $0.vmemmap?.entryTables += $1 },
      Damage(field: "vmemmap.huge_leaves", tolerance: spread) {
        $0.vmemmap?.hugeLeaves += $1
        $0.vmemmap?.entries -= $1 * 512
      },
      Damage(field: "vmemmap.huge_leaves × 512 + vmemmap.entries", tolerance: 0) {
        $0.vmemmap?.entries += $1
      },
    ]
  }

  private static var savings: [Damage] {
    [
      Damage(field: "vmemmap.read_only_entries", tolerance: 0) {
        $0.vmemmap?.readOnlyEntries += $1
      },
      Damage(field: "vmemmap.saved_pages", tolerance: 0) { $0.vmemmap?.savedPages += $1 },
    ]
  }

  private static func sharing(
    _ vmemmap: VmemmapCounts, in record: Record, zoneCount: Int
  ) -> Damage {
    let numbersOfNodes = Set(record.boot.zones.keys.map(\.node)).count
    let sizes = vmemmap.readOnlyEntries >= 4095 && vmemmap.readOnlyEntries != 4095 ? 2 : 1
    let frames = vmemmap.sharedFrames.values.reduce(0, +)
    let severalZones = record.kernel == .v7_2 && (numbersOfNodes > 1 || frames > sizes)
    guard severalZones else {
      return Damage(field: "vmemmap.shared_frames", tolerance: 0) { seen, by in
        guard by > 0 else { return }
        seen.vmemmap?.sharedFrames[by + 2, default: 0] += 1
      }
    }
    return Damage(field: "vmemmap.shared_frames.sum", tolerance: zoneCount) { seen, by in
      seen.vmemmap?.sharedFrames[by, default: 0] += 1
    }
  }
}
