// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension TwinTarget {
  public mutating func observe() -> Observation {
    let subsystem = twin.subsystem
    let totals = subsystem.totals
    var seen = Observation()
    seen.memTotal = Int(totals.managedPageCount)
    if subsystem.kernel.vmemmap.countsVmemmapPages {
      seen.memmapPages = totals.runtimeVmemmapPageCount
      seen.bootMemmapPages = totals.bootVmemmapPageCount
    }
    seen.freePages = Int(totals.freePageCount)
    for pool in subsystem.pools { observe(pool, in: &seen) }
    for zone in subsystem.zones {
      seen.zones[RecordedZone(node: zone.node.index, name: "\(zone.kind.name)")] = ZoneCounts(
        spanned: Int(zone.spannedPageCount), present: Int(zone.presentPageCount),
        managed: Int(zone.managedPageCount))
    }
    seen.vmemmap = VmemmapCounts(subsystem.vmemmapCensus())
    seen.vmallocHugeLeaves = Int(subsystem.vmallocCensus().hugeLeafCount)
    return seen
  }

  /// Adds a pool; its parts only on a machine of several nodes.
  private func observe(_ pool: PoolSummary, in seen: inout Observation) {
    guard let size = RecordedPageSize(kilobytes: Int(pool.pageByteCount >> 10)) else { return }
    seen.pools[size] = PoolCounts(
      count: Int(pool.counts.pageCount), free: Int(pool.counts.freePageCount),
      surplus: Int(pool.counts.surplusPageCount), reserved: Int(pool.counts.reservedPageCount),
      overcommit: UInt64(pool.overcommitLimit))
    guard pool.nodes.count > 1 else { return }
    for node in pool.nodes {
      seen.nodePools[node.node.index, default: [:]][size] = PoolCounts(
        count: Int(node.counts.pageCount), free: Int(node.counts.freePageCount),
        surplus: Int(node.counts.surplusPageCount))
    }
  }
}

extension VmemmapCounts {
  /// What a walk of a twin's tables found.
  fileprivate init(_ census: MappingCensus) {
    self.init(
      hugeLeaves: Int(census.hugeLeafCount), entries: Int(census.entryCount),
      entryTables: Int(census.entryTableCount), readOnlyEntries: Int(census.readOnlyEntryCount),
      savedPages: Int(census.savedPageCount),
      sharedFrames: Dictionary(
        uniqueKeysWithValues: census.sharedFrames.map {
          (Int($0.mappingCount), Int($0.frameCount))
        }))
  }
}
