// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Gives out the machine's memory in power-of-two blocks and takes it back.
///
/// Blocks of one zone merge with their buddies when both are free and are split when a smaller one
/// is asked for, so that an allocation gets the lowest part of the smallest block that fits. A
/// request walks the zones of its node, high to low, then those of other nodes by distance.
///
/// Descriptors are the only book-keeping: a free block is found through its head's descriptor, and
/// only that one is written. A block is handed out *bare*: its head says "allocated" and has no
/// reference; what the other descriptors say is up to the new owner.
///
/// - Linux: `mm/page_alloc.c`.
final class PageAllocator: @unchecked Sendable {
  let machine: Machine
  let vmemmap: Vmemmap
  let topology: MemoryTopology
  /// The largest block on a list.
  let maximumOrder: PageOrder
  let pageblockOrder: PageOrder
  /// The free memory of each zone, by ``Zone/index``.
  let freeLists: ObjectTable<ZoneFreeLists>
  /// Blocks that CPUs keep for themselves, by zone.
  let cpuLists: ObjectTable<ZoneCPULists>
  /// For each node, by position: zone indexes in the order that a request tries them.
  let zoneOrders: [[Int]]
  /// What zones keep back, as far as an administrator has a say in it.
  let reserves = ReserveSettings()
  /// How zones share what is kept back.
  let reservePolicy: ReservePolicy
  /// Memory in use that the allocator was given and that is not free.
  let managedPageCount = Atomic<UInt>(0)
  let events = AllocatorEvents()
  /// Frames that can be moved, and who must hear of it.
  let movable: MovableFrames

  init(
    machine: Machine, vmemmap: Vmemmap, topology: MemoryTopology, maximumOrder: PageOrder,
    reservePolicy: ReservePolicy = .linux6_12
  ) {
    self.machine = machine
    self.reservePolicy = reservePolicy
    self.vmemmap = vmemmap
    self.topology = topology
    self.maximumOrder = maximumOrder
    movable = MovableFrames(vmemmap: vmemmap)
    pageblockOrder = topology.sections.pageblockOrder
    let sections = topology.sections
    freeLists = ObjectTable(
      topology.zones.map {
        ZoneFreeLists(zone: $0, maximumOrder: maximumOrder, sections: sections)
      })
    let pageblock = pageblockOrder
    cpuLists = ObjectTable(
      topology.zones.map { _ in
        ZoneCPULists(cpuCount: machine.cpuCount, pageblockOrder: pageblock)
      })
    zoneOrders = topology.nodes.indices.map { Self.zoneOrder(from: $0, in: topology) }
  }

  /// The zones that a request from the node at `position` tries: nodes by distance, and each
  /// node's zones high to low, also those that have no memory yet.
  private static func zoneOrder(from position: Int, in topology: MemoryTopology) -> [Int] {
    let distances = topology.nodes[position].distances
    let near = topology.nodes.indices.sorted { a, b in
      (a < distances.count ? distances[a] : 20, (a &- position + 4096) % 4096)
        < (b < distances.count ? distances[b] : 20, (b &- position + 4096) % 4096)
    }
    return near.flatMap { node in
      topology.nodes[node].zoneIndexes.reversed().filter { topology.zones[$0].kind != .device }
    }
  }

  /// Frames on free lists and per-CPU lists.
  ///
  /// - Unit: base pages.
  var freePageCount: UInt {
    freeLists.reduce(0) { $0 &+ $1.freePageCount.load(ordering: .relaxed) }
      &+ cpuLists.reduce(0) { $0 &+ $1.pageCount }
  }
}
