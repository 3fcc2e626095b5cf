// SPDX-License-Identifier: Apache-2.0

import Synchronization

@testable import KernelMemory

// Damage to page tables and TLBs (P-PT), and to what descriptors live in (P-POP).

extension DamagedHost {
  /// Where tables come from.
  fileprivate var tableSource: RuntimeTables {
    RuntimeTables(allocator: allocator, accounting: subsystem.accounting, node: NodeID(0))
  }

  /// Maps the descriptors around `address` by entries of their own.
  func splitLeaf(at address: VirtualAddress) throws {
    switch try tables.splitLeaf(at: address, from: tableSource) {
    case .split(_, let flush): flush.commit(on: machine)
    case .alreadyTable: break
    }
  }
}

extension DamageList {
  mutating func addTables() {
    add(.tableInMemory, "an entry leads to a table beyond memory") {
      let host = try DamagedHost()
      host.setUnusedTopEntry(PhysicalAddress(host.machine.span))
      return host.subsystem
    }
    add(.lostTable, "a table is lost") {
      let host = try DamagedHost()
      let frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      host.vmemmap.with(frame) { $0.counts = DescriptorCounts(type: .table, references: 1) }
      return host.subsystem
    }
    add(.tableCount, "a table too many is counted") {
      let host = try DamagedHost()
      host.subsystem.accounting.tablePages.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.freshCache, "an entry changes without a flush") {
      let host = try DamagedHost(folds: false)
      host.pool.resize(to: 0)
      let free = host.freeBlock(of: host.pool.order)
      let address = host.vmemmap.address(of: free.advanced(by: 128))
      try host.splitLeaf(at: address)
      _ = try host.machine.load(address)
      // Two vmemmap pages with the same content change places.
      let table = try need(host.tables.existingTable(for: address, level: 0))
      let index = host.format.index(of: address, at: 0)
      (table[index], table[index + 1]) = (table[index + 1], table[index])
      return host.subsystem
    }
    add(.cachedPermission, "a TLB still allows what the entry forbids") {
      let host = try DamagedHost(kernel: .linux6_12)
      let address = host.address(ofPage: 3)
      let entry = try need(host.tables.entry(for: address))
      let frame = host.frameAddress(behind: address)
      host.setEntry(for: address, host.format.leaf(frame, at: 0))
      try unsafe host.machine.withMemory(at: address, for: .store) { _ in }
      let table = try need(host.tables.existingTable(for: address, level: 0))
      table[host.format.index(of: address, at: 0)] = entry
      return host.subsystem
    }
  }

  mutating func addPopulation() {
    add(.entryBits, "an entry has a bit that the kernel never sets") {
      let host = try DamagedHost()
      let address = host.address(ofPage: 3)
      let entry = try need(host.tables.entry(for: address))
      host.setEntry(for: address, PageTableEntry(rawValue: entry.rawValue | 1 << 9))
      return host.subsystem
    }
    add(.mappedDescriptors, "descriptors of memory are not mapped") {
      let host = try DamagedHost(folds: false)
      let address = host.address(ofPage: 0)
      let table = try need(host.tables.existingTable(for: address, level: 1))
      table[host.format.index(of: address, at: 1)] = .absent
      host.machine.flushAllTranslations()
      return host.subsystem
    }
    add(.unmappedRest, "descriptors of no memory are mapped") {
      let host = try DamagedHost()
      let frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      let beyond = host.vmemmap.address(of: PageFrameNumber(1 << 26))
      try host.tables.mapPage(
        at: beyond, to: frame, .readWrite,
        from: RuntimeTables(
          allocator: host.allocator, accounting: host.subsystem.accounting, node: NodeID(0)))
      host.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.presentSection, "a section with descriptors is not present") {
      let host = try DamagedHost()
      let sections = host.subsystem.topology.sections
      sections.update(sections.number(of: host.page.head)) { $0.marks.remove(.present) }
      return host.subsystem
    }
    add(.bootVmemmap, "a vmemmap page of boot too many is counted") {
      let host = try DamagedHost()
      host.subsystem.accounting.bootPages.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.runtimeVmemmap, "a vmemmap page too many is counted") {
      let host = try DamagedHost()
      host.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
  }
}
