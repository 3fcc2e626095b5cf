// SPDX-License-Identifier: Apache-2.0

// /proc/buddyinfo and /proc/pagetypeinfo (spec 10 section 4).

extension InterfaceTree {
  /// The columns of the two files: the types of memory, and isolated blocks.
  private enum BlockColumn {
    case type(MigrateType), isolated

    var name: StaticString {
      switch self {
      case .type(.unmovable): "Unmovable"
      case .type(.movable): "Movable"
      case .type(.reclaimable): "Reclaimable"
      case .type(.highAtomic): "HighAtomic"
      case .type(.cma): "CMA"
      case .isolated: "Isolate"
      }
    }
  }

  private var blockColumns: [BlockColumn] {
    let types = MigrateType.allCases.filter { $0 != .cma || showsContiguousAreas }
    return types.map { .type($0) } + [.isolated]
  }

  private var orders: [PageOrder] { (0...allocator.maximumOrder.index).map { PageOrder($0) } }

  func appendBuddyinfo(to sink: inout TextSink) {
    for zone in topology.zones where zone.isPopulated {
      appendZoneName(zone, to: &sink)
      sink.append(byte: ASCII.space)
      let free = freeBlocks(of: zone)
      for order in orders {
        sink.appendDecimal(free.sum(order), width: 6)
        sink.append(byte: ASCII.space)
      }
      sink.newline()
    }
  }

  func appendPagetypeinfo(to sink: inout TextSink) {
    for position in topology.nodes.indices where topology.nodes[position].hasMemory {
      sink.append("Page block order: ")
      sink.appendDecimal(UInt(allocator.pageblockOrder.rawValue))
      sink.append("\nPages per block:  ")
      sink.appendDecimal(allocator.pageblockOrder.pageCount)
      sink.append("\n\n")
      let zones = zones(ofNode: position).filter { $0.isPopulated }
      appendFreeTable(zones, to: &sink)
      appendBlockTable(zones, to: &sink)
    }
  }

  private func appendFreeTable(_ zones: [Zone], to sink: inout TextSink) {
    sink.append("Free pages count per migrate type at order", width: 43, side: .left)
    sink.append(byte: ASCII.space)
    for order in orders {
      sink.appendDecimal(UInt(order.rawValue), width: 6)
      sink.append(byte: ASCII.space)
    }
    sink.newline()
    for zone in zones {
      let free = freeBlocks(of: zone)
      for column in blockColumns { appendFreeRow(zone, column, free, to: &sink) }
    }
  }

  private func appendFreeRow(
    _ zone: Zone, _ column: BlockColumn, _ free: FreeBlockTable, to sink: inout TextSink
  ) {
    // More than this many are not counted: the kernel gives up to keep the lock short.
    let limit: UInt = 100_000
    sink.append("Node ")
    sink.appendDecimal(UInt(zone.node.rawValue), width: 4)
    sink.append(", zone ")
    sink.append(zone.kind.name, width: 8)
    sink.append(", type ")
    sink.append(column.name, width: 12)
    sink.append(byte: ASCII.space)
    for order in orders {
      let count = free[order, row(of: column)]
      if count > limit { sink.append(">") }
      sink.appendDecimal(min(count, limit), width: 6)
      sink.append(byte: ASCII.space)
    }
    sink.newline()
  }

  private func row(of column: BlockColumn) -> Int {
    if case .type(let type) = column { Int(type.rawValue) } else { FreeBlockTable.isolatedRow }
  }

  private func appendBlockTable(_ zones: [Zone], to sink: inout TextSink) {
    sink.newline()
    sink.append("Number of blocks type ", width: 23, side: .left)
    for column in blockColumns {
      sink.append(column.name, width: 12)
      sink.append(byte: ASCII.space)
    }
    sink.newline()
    for zone in zones {
      appendZoneName(zone, to: &sink)
      sink.append(byte: ASCII.space)
      let counts = pageblockCounts(of: zone)
      for column in blockColumns {
        sink.appendDecimal(counts[row(of: column)], width: 12)
        sink.append(byte: ASCII.space)
      }
      sink.newline()
    }
  }
}

/// How many free blocks of each order and type a zone has.
struct FreeBlockTable: Equatable {
  private var counts: [UInt]
  static var isolatedRow: Int { MigrateType.allCases.count }
  static var rowCount: Int { isolatedRow + 1 }

  init(orderCount: Int) { counts = Array(repeating: 0, count: orderCount * Self.rowCount) }

  subscript(_ order: PageOrder, _ row: Int) -> UInt {
    get { counts[order.index * Self.rowCount + row] }
    set { counts[order.index * Self.rowCount + row] = newValue }
  }

  /// The free blocks of `order` of all types.
  func sum(_ order: PageOrder) -> UInt {
    (0..<Self.rowCount).reduce(0) { $0 &+ self[order, $1] }
  }
}

extension InterfaceTree {
  /// The free blocks of a zone; a section that is free as a whole counts as blocks of the largest
  /// order.
  func freeBlocks(of zone: Zone) -> FreeBlockTable {
    let lists = lists(of: zone)
    var table = FreeBlockTable(orderCount: allocator.maximumOrder.index + 1)
    lists.lock.withLock {
      for order in 0...allocator.maximumOrder.index {
        let order = PageOrder(order)
        for type in MigrateType.allCases {
          table[order, Int(type.rawValue)] = lists.blockCount(order, type)
        }
        table[order, FreeBlockTable.isolatedRow] = lists.withIsolatedList(order) { $0.count }
      }
      addFreeSections(of: lists, to: &table)
    }
    return table
  }

  private func addFreeSections(of lists: ZoneFreeLists, to table: inout FreeBlockTable) {
    let order = min(allocator.maximumOrder, topology.sections.order)
    var left = lists.freeSections.population
    var bit = 0
    while left > 0, bit < lists.freeSections.bitCount {
      if lists.freeSections[bit] {
        left -= 1
        let number = SectionNumber(lists.firstSection.rawValue + UInt(bit))
        for pfn in starts(of: order, in: topology.sections.frames(of: number)) {
          table[order, Int(topology.sections.migrateType(of: pfn).rawValue)] += 1
        }
      }
      bit += 1
    }
  }

  private func starts(
    of order: PageOrder, in frames: FrameRange
  ) -> StrideTo<PageFrameNumber> {
    stride(from: frames.lowerBound, to: frames.upperBound, by: Int(order.pageCount))
  }

  /// The pageblocks of a zone by type, isolated ones apart.
  func pageblockCounts(of zone: Zone) -> [UInt] {
    var counts = [UInt](repeating: 0, count: FreeBlockTable.rowCount)
    let sections = topology.sections
    var pfn = zone.span.lowerBound
    while pfn < zone.span.upperBound {
      let number = sections.number(of: pfn)
      guard sections[number].marks.contains(.online) else {
        pfn = sections.frames(of: number).upperBound
        continue
      }
      if topology.zone(of: pfn) === zone {
        let row =
          sections.isIsolated(pfn)
          ? FreeBlockTable.isolatedRow : Int(sections.migrateType(of: pfn).rawValue)
        counts[row] &+= 1
      }
      let next = pfn.aligned(downTo: allocator.pageblockOrder)
      pfn = PageFrameNumber(next.rawValue &+ allocator.pageblockOrder.pageCount)
    }
    return counts
  }
}
