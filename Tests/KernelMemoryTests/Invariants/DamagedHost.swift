// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory

/// A host with a pool of folded pages, in which a test damages one thing.
struct DamagedHost {
  let host: TestHost
  var subsystem: MemorySubsystem { host.subsystem }
  var machine: HostedMachine { host.machine }
  var allocator: PageAllocator { subsystem.allocator }
  var vmemmap: Vmemmap { subsystem.vmemmap }
  var tables: KernelPageTables { subsystem.tables }
  var format: PagingFormat { subsystem.format }
  var pool: HugePagePool { subsystem.hugeTLB.pools[0] }

  init(
    memory: UInt = 1 << 30, nodes: Int = 1, kernel: KernelDesign = .linux7_2,
    format: PagingFormat = .x86FourLevel, folds: Bool = true, pages: UInt = 4,
    commandLine: String = ""
  ) throws {
    host = try TestHost(
      memory: memory, nodes: nodes, kernel: kernel, format: format,
      commandLine: (folds ? "hugetlb_free_vmemmap=on " : "") + commandLine)
    pool.resize(to: pages)
  }

  /// The laws that do not hold, each once, in the order of the checks.
  var brokenLaws: [String] {
    var names: [String] = []
    for violation in subsystem.checkInvariants() {
      var sink = TextSink()
      violation.predicate.write(to: &sink)
      let name = String(decoding: sink.bytes, as: UTF8.self)
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  /// A free page of the pool.
  var page: Folio {
    guard let head = vmemmap.first(of: pool.parts[0].freeList) else {
      preconditionFailure("the pool has a page")
    }
    return pool.folio(head)
  }

  /// The address of a vmemmap page of ``page``.
  func address(ofPage index: UInt) -> VirtualAddress {
    vmemmap.address(of: page.head).advanced(byBytes: index * format.pageSize.byteCount)
  }

  /// Writes the entry of the last level for `address`, and flushes.
  func setEntry(for address: VirtualAddress, _ entry: PageTableEntry) {
    tables.existingTable(for: address, level: 0)?[format.index(of: address, at: 0)] = entry
    machine.flushAllTranslations()
  }

  /// The address of the frame that `address` is mapped to.
  func frameAddress(behind address: VirtualAddress) -> PhysicalAddress {
    guard let frame = tables.frame(mappedAt: address) else {
      preconditionFailure("descriptors are mapped")
    }
    return format.pageSize.address(of: frame)
  }

  /// An entry of the top table that leads nowhere, outside the vmemmap.
  func setUnusedTopEntry(_ table: PhysicalAddress) {
    let top = format.levelCount - 1
    tables.table(at: tables.root)[1] = format.table(table, ofLevel: top - 1)
  }

  /// A free block on a list.
  func freeBlock(of order: PageOrder) -> PageFrameNumber {
    for lists in allocator.freeLists {
      for type in MigrateType.allCases {
        let list = lists.withList(order, type) { $0 }
        if let pfn = vmemmap.first(of: list) { return pfn }
      }
    }
    preconditionFailure("a block is free")
  }

  /// The largest order of which a block is on a list.
  var largestListedOrder: PageOrder {
    for order in stride(from: allocator.maximumOrder.index, through: 0, by: -1) {
      for lists in allocator.freeLists {
        for type in MigrateType.allCases where lists.blockCount(PageOrder(order), type) > 0 {
          return PageOrder(order)
        }
      }
    }
    preconditionFailure("memory is free")
  }

  /// The free lists of the zone with `pfn`.
  func lists(of pfn: PageFrameNumber) -> ZoneFreeLists {
    guard let zone = subsystem.topology.zone(of: pfn) else {
      preconditionFailure("memory has a zone")
    }
    return allocator.freeLists[zone.index]
  }
}
