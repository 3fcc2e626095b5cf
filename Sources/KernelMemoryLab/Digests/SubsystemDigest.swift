// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) public import KernelMemory

/// Everything about a memory subsystem that somebody could see, as named figures that can be
/// compared: zones, counters, pools, and what the page tables map.
public struct SubsystemDigest: Equatable, Sendable {
  /// What to make of splits and shared tails.
  ///
  /// Both stay once they are made, also if what they were made for fails.
  public enum Leftovers: Sendable {
    /// They are seen as what they are.
    case counted
    /// A table of entries counts as free memory and as the leaf that it replaced; so does a shared
    /// tail as free memory.
    case ignored
  }

  /// What was seen, by name; frames by the zone they lie in.
  public private(set) var figures: [String: Int] = [:]

  /// Looks at `subsystem`, with which nobody is at work.
  public init(of subsystem: MemorySubsystem, leftovers: Leftovers = .counted) {
    addZones(of: subsystem, leftovers)
    addTotals(of: subsystem, leftovers)
    addPools(of: subsystem)
    addAreas(of: subsystem)
    addMapping(of: subsystem, leftovers)
  }

  /// One line for each figure that was another in `earlier`.
  public func differences(from earlier: Self) -> [String] {
    Set(figures.keys).union(earlier.figures.keys).sorted().compactMap { name in
      let (old, new) = (earlier.figures[name] ?? 0, figures[name] ?? 0)
      return old == new ? nil : "\(name): \(old) became \(new)"
    }
  }

  /// The figure called `name`; 0 if there is none.
  public subscript(name: String) -> Int { figures[name] ?? 0 }

  /// The figures that tell what memory is used for, without saying where it came from.
  ///
  /// What boot gave and folding released comes back as run-time memory (spec 05 section 14), so only
  /// sums last.
  public var withoutOrigins: Self {
    var digest = self
    for name in figures.keys where name.hasPrefix("zone ") { digest.figures[name] = nil }
    for name in ["managed", "free", "vmemmap from boot", "vmemmap from run time"] {
      digest.figures[name] = nil
    }
    return digest
  }
}

extension SubsystemDigest {
  private mutating func addZones(of subsystem: MemorySubsystem, _ leftovers: Leftovers) {
    for zone in subsystem.zones {
      let name = "zone \(zone.node.rawValue) \(zone.kind)"
      figures["\(name) managed"] = Int(zone.managedPageCount)
      figures["\(name) free"] = Int(zone.freePageCount)
      figures["\(name) present"] = Int(zone.presentPageCount)
      figures["\(name) start"] = Int(zone.span.lowerBound.rawValue)
      figures["\(name) end"] = Int(zone.span.upperBound.rawValue)
    }
    addBlocks(of: subsystem)
    guard leftovers == .ignored else { return }
    for pfn in subsystem.entryTableFrames + subsystem.areaTableFrames + subsystem.sharedTailFrames {
      guard let place = subsystem.place(of: pfn) else { continue }
      figures["zone \(place.node.rawValue) \(place.zone) free", default: 0] += 1
    }
  }

  private mutating func addBlocks(of subsystem: MemorySubsystem) {
    let blocks = subsystem.memoryBlocks
    figures["blocks"] = blocks.count
    figures["blocks online"] = blocks.count { $0.isOnline }
    figures["added memory"] = subsystem.addedMemory.count
    figures["nodes online"] = subsystem.onlineNodeCount
  }

  private mutating func addTotals(of subsystem: MemorySubsystem, _ leftovers: Leftovers) {
    let totals = subsystem.totals
    let tails = subsystem.sharedTailFrames.count
    figures["managed"] = Int(totals.managedPageCount)
    figures["vmemmap from run time"] = totals.runtimeVmemmapPageCount
    figures["vmemmap from boot"] = totals.bootVmemmapPageCount
    figures["vmemmap"] = totals.runtimeVmemmapPageCount + totals.bootVmemmapPageCount
    let free = Int(totals.freePageCount)
    let left = totals.tablePageCount + tails
    figures["free"] = leftovers == .ignored ? free + left : free
    if leftovers == .counted {
      figures["tables"] = totals.tablePageCount
      figures["shared tails"] = tails
    }
    // Managed frames of which nobody can say who has them: the same, whatever happens.
    let held = subsystem.heldFrames
    figures["held elsewhere"] =
      Int(totals.managedPageCount) - free - left
      - (totals.runtimeVmemmapPageCount - Int(held.selfHosted) - Int(held.counted))
      - Int(subsystem.pooledPageCount)
      - Int(subsystem.vmallocTotals.ownedPageCount) - Int(held.bad) - Int(held.ofNodes)
    figures["bad"] = Int(held.bad)
  }

  private mutating func addAreas(of subsystem: MemorySubsystem) {
    let totals = subsystem.vmallocTotals
    figures["areas"] = totals.areaCount
    figures["pages of areas"] = Int(totals.ownedPageCount)
    figures["unpurged pages"] = Int(totals.unpurgedPageCount)
    let census = subsystem.vmallocCensus()
    figures["leaves of areas"] = Int(census.hugeLeafCount)
    figures["entries of areas"] = Int(census.entryCount)
  }

  private mutating func addPools(of subsystem: MemorySubsystem) {
    for pool in subsystem.pools {
      let name = "pool \(pool.pageByteCount >> 10)K"
      add(pool.counts, name)
      for node in pool.nodes { add(node.counts, "\(name) node \(node.node.rawValue)") }
    }
    for summary in subsystem.foldingSummaries {
      let name = "pool \(summary.pageByteCount >> 10)K node \(summary.node.rawValue)"
      figures["\(name) folded"] = Int(summary.foldedPageCount)
    }
  }

  private mutating func add(_ counts: HugePageCounts, _ name: String) {
    figures["\(name) pages"] = Int(counts.pageCount)
    figures["\(name) free"] = Int(counts.freePageCount)
    figures["\(name) reserved"] = Int(counts.reservedPageCount)
    figures["\(name) surplus"] = Int(counts.surplusPageCount)
  }

  private mutating func addMapping(of subsystem: MemorySubsystem, _ leftovers: Leftovers) {
    let census = subsystem.vmemmapCensus()
    let format = subsystem.format
    let perLeaf = Int(format.pmdByteCount >> format.pageSize.shift)
    if leftovers == .counted {
      figures["mapped leaves"] = Int(census.hugeLeafCount)
      figures["mapped tables"] = Int(census.entryTableCount)
      figures["mapped entries"] = Int(census.entryCount)
    } else {
      figures["mapped entries"] = Int(census.entryCount) + Int(census.hugeLeafCount) * perLeaf
    }
    figures["read-only entries"] = Int(census.readOnlyEntryCount)
    for share in census.sharedFrames {
      figures["frames mapped \(share.mappingCount) times"] = Int(share.frameCount)
    }
  }
}
