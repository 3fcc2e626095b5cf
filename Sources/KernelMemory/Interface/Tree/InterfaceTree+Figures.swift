// SPDX-License-Identifier: Apache-2.0

import Synchronization

// Numbers that several files show.

extension InterfaceTree {
  /// The zone's part of the allocator's free memory; what CPUs keep is not in it.
  func lists(of zone: Zone) -> ZoneFreeLists { allocator.freeLists[zone.index] }

  /// The zones of the node at `position`, lowest first.
  func zones(ofNode position: Int) -> [Zone] {
    topology.nodes[position].zoneIndexes.map { topology.zones[$0] }
  }

  /// Frames on the free lists of all zones.
  var freePageCount: UInt { sum(over: topology.zones) { freePageCount(of: $0) } }

  /// Frames on the free lists of a zone.
  func freePageCount(of zone: Zone) -> UInt {
    lists(of: zone).freePageCount.load(ordering: .relaxed)
  }

  /// Whether files have lines for contiguous areas: in kernels built with them, which every kernel
  /// is that has one.
  var showsContiguousAreas: Bool {
    policy.showsContiguousAreas || !hugeTLB.contiguousAreas.isEmpty
  }

  /// The frames set aside for contiguous allocation.
  var contiguousAreaPageCount: UInt {
    sum(over: topology.zones) { $0.contiguousArea.load(ordering: .relaxed) }
  }

  /// Those of them that are free.
  var freeContiguousPageCount: UInt {
    sum(over: topology.zones) { freeContiguousPageCount(of: $0) }
  }

  /// The free frames of a zone that are set aside for contiguous allocation.
  func freeContiguousPageCount(of zone: Zone) -> UInt {
    lists(of: zone).freeContiguousPageCount.load(ordering: .relaxed)
  }

  func sum(over zones: some Sequence<Zone>, _ value: (Zone) -> UInt) -> UInt {
    zones.reduce(0) { $0 &+ value($1) }
  }

  /// The free memory that a process could get before anything is reclaimed.
  ///
  /// - Linux: `si_mem_available()` without page cache and slabs.
  var availablePageCount: UInt {
    let reserved = sum(over: topology.zones) { reservedPageCount(of: $0) }
    let free = freePageCount
    return free > reserved ? free - reserved : 0
  }

  /// What a zone keeps back for the kernel: its high mark and what higher zones may not use of it.
  ///
  /// - Linux: `calculate_totalreserve_pages()`.
  private func reservedPageCount(of zone: Zone) -> UInt {
    let wanted = protection(of: zone, for: .device) &+ lists(of: zone).watermarks.high
    return min(wanted, zone.managedPageCount)
  }

  /// The pages of a zone that requests for `kind` leave alone.
  func protection(of zone: Zone, for kind: ZoneKind) -> UInt {
    zone.managedPageCount == 0 ? 0 : allocator.lowmemReserve(of: zone, for: kind)
  }

  /// What all processes may be promised: half of what is in no pool.
  ///
  /// - Linux: `vm_commit_limit()` with the usual ratio of 50 %.
  var commitLimit: UInt {
    let managed = subsystem.totals.managedPageCount
    let pooled = hugeTLB.pooledPageCount
    return managed > pooled ? (managed - pooled) / 2 : 0
  }

  /// Tables of the kernel's address space, if this kernel counts them as page tables.
  var countedTablePages: UInt {
    guard subsystem.kernel.vmemmap.countsKernelTables else { return 0 }
    return UInt(max(subsystem.totals.tablePageCount, 0))
  }

  /// As ``countedTablePages``, for the tables that lie on one node.
  func countedTablePages(ofNode position: Int) -> UInt {
    guard subsystem.kernel.vmemmap.countsKernelTables else { return 0 }
    let count = zones(ofNode: position).reduce(0) {
      $0 &+ $1.tablePageCount.load(ordering: .relaxed)
    }
    return UInt(max(count, 0))
  }

  /// Appends numbers as the kernel lists CPUs and nodes: `0-3,8`, and a newline.
  func appendList(_ numbers: [UInt], to sink: inout TextSink) {
    var index = 0
    while index < numbers.count {
      var end = index
      while end + 1 < numbers.count, numbers[end + 1] == numbers[end] + 1 { end += 1 }
      if index > 0 { sink.append(byte: ASCII.comma) }
      sink.appendDecimal(numbers[index])
      if end > index {
        sink.append(byte: ASCII.minus)
        sink.appendDecimal(numbers[end])
      }
      index = end + 1
    }
    sink.newline()
  }
}
