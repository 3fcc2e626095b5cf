// SPDX-License-Identifier: Apache-2.0

import Synchronization

// What a lab that takes the subsystem apart sees beyond the public interface, and nobody else:
// `@_spi(Lab) import KernelMemory`.

@_spi(Lab)
extension MemorySubsystem {
  /// What accounts for managed frames that are not free, beyond vmemmap, tables, pools and areas.
  public struct HeldFrames: Equatable, Sendable {
    /// Frames of added memory and of devices that hold its own descriptors: vmemmap, but not managed.
    public var selfHosted: UInt
    /// Bad frames that are nobody's.
    public var bad: UInt
    /// Frames that the kernel took when a node came.
    public var ofNodes: UInt
    /// Vmemmap pages that are counted though they show frames of others, as older kernels do.
    public var counted: UInt
  }

  /// Frames that are neither free nor anybody's.
  public var heldFrames: HeldFrames {
    let blocks = hotplug.blocks.all
    let maps = devices.table.all.reduce(UInt(0)) { sum, entry in
      // A map of several ranges has its altmap in the first.
      let isFirst = entry.map.ranges.first == entry.frames
      return sum + (isFirst ? entry.map.altmap?.usedCount ?? 0 : 0)
    }
    return HeldFrames(
      selfHosted: maps + blocks.reduce(0) { $0 + ($1.altmap?.usedCount ?? 0) },
      bad: hugeTLB.poisonedPageCount.load(ordering: .relaxed)
        + hugeTLB.abandonedPageCount.load(ordering: .relaxed)
        - blocks.reduce(0) { $0 + $1.badPageCount },
      ofNodes: hotplug.framesOfNodes.reduce(0) { $0 + $1.pageCount },
      counted: countedSharedPages)
  }

  private var countedSharedPages: UInt {
    guard optimizer.design.devices?.countsFoldedPages == true else { return 0 }
    let counted = accounting.runtimePages.load(ordering: .relaxed)
    return UInt(bitPattern: counted) &- frameOwnership().runtimeVmemmap
  }

  /// How many nodes are online.
  public var onlineNodeCount: Int { topology.nodes.count { $0.isOnline } }

  /// The node and the zone of a frame of memory.
  public func place(of pfn: PageFrameNumber) -> (node: NodeID, zone: ZoneKind)? {
    topology.zone(of: pfn).map { ($0.node, $0.kind) }
  }

  /// Frames of all pools' pages.
  public var pooledPageCount: UInt { hugeTLB.pooledPageCount }

  /// One more than the last frame for which there may be a descriptor.
  public var frameEnd: PageFrameNumber { topology.end }

  /// The pages of one memory block.
  public var blockPageCount: UInt { hotplug.blockOrder.pageCount }

  /// The frames of all tables of the last level that map descriptors.
  public var entryTableFrames: [PageFrameNumber] {
    var frames: [PageFrameNumber] = []
    var address = format.vmemmapBase
    let end = vmemmap.address(of: topology.end.aligned(upTo: topology.sections.order))
    while address < end {
      if let upper = tables.existingTable(for: address, level: 1),
        case .table(let table) = format.state(of: upper[format.index(of: address, at: 1)], at: 1)
      {
        frames.append(format.pageSize.frame(containing: table))
      }
      address = address.advanced(byBytes: format.pmdByteCount)
    }
    return frames
  }

  /// The frames of all tables since boot that map vmalloc areas.
  public var areaTableFrames: [PageFrameNumber] {
    areaTableFrames(
      below: tables.root, level: format.levelCount - 1, in: format.vmallocRange
    ).filter { pfn in
      vmemmap.with(pfn, for: .load) { $0.counts.type == PageType.table.rawValue }
    }
  }

  private func areaTableFrames(
    below place: PhysicalAddress, level: Int, in range: Range<VirtualAddress>
  ) -> [PageFrameNumber] {
    guard level > 0 else { return [] }
    var frames: [PageFrameNumber] = []
    let step: UInt = 1 << format.levels[level].shift
    var address = range.lowerBound
    while address < range.upperBound {
      let next = address.rounded(downToBytes: step).advanced(byBytes: step)
      let end = next > address ? min(next, range.upperBound) : range.upperBound
      let entry = tables.table(at: place)[format.index(of: address, at: level)]
      if case .table(let lower) = format.state(of: entry, at: level) {
        frames.append(format.pageSize.frame(containing: lower))
        frames += areaTableFrames(below: lower, level: level - 1, in: address..<end)
      }
      address = end
    }
    return frames
  }

  /// The frames of all shared tails.
  public var sharedTailFrames: [PageFrameNumber] {
    var frames: [PageFrameNumber] = []
    optimizer.tails.forEach { pfn, _, _ in frames.append(pfn) }
    return frames
  }
}
