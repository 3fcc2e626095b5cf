// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@_spi(Lab) @testable import KernelMemory
@testable import KernelMemoryLab

/// Break before make: what the watch over page-table entries accepts.
@Suite struct `Entries that change while in use` {
  private let page: UInt64 = 0x4000_0000 | 0x703
  private let other: UInt64 = 0x8000_0000 | 0x703
  private let readOnly: UInt64 = 0x4000_0000 | 0x783

  private func order() throws -> EntryOrder {
    try #require(EntryOrder(.arm64(.fourKiB, addressBits: 48)))
  }

  @Test func `a live entry that leads elsewhere is a violation`() throws {
    var order = try order()
    #expect(order.complaint(of: 1, from: page, to: other) != nil)
  }

  @Test func `breaking it, flushing and making it anew is right`() throws {
    var order = try order()
    #expect(order.complaint(of: 1, from: page, to: 0) == nil)
    order.noteFlush()
    #expect(order.complaint(of: 1, from: 0, to: other) == nil)
  }

  @Test func `without the flush it is not, unless the entry leads where it led`() throws {
    var order = try order()
    #expect(order.complaint(of: 1, from: page, to: 0) == nil)
    #expect(order.complaint(of: 1, from: 0, to: page) == nil)
    #expect(order.complaint(of: 1, from: page, to: 0) == nil)
    #expect(order.complaint(of: 1, from: 0, to: other) != nil)
  }

  @Test func `what may be done with a page changes at once, its size does not`() throws {
    var order = try order()
    #expect(order.complaint(of: 1, from: page, to: readOnly) == nil)
    #expect(order.complaint(of: 1, from: page & ~2, to: page) != nil)
  }

  @Test func `processors that do not need it are not watched`() {
    #expect(EntryOrder(.x86FourLevel) == nil)
    #expect(EntryOrder(.riscv(levels: 4)) == nil)
  }

  private func boot() throws -> MemorySubsystem {
    let range = PhysicalAddress(0)..<PhysicalAddress(1 << 28)
    let format = PagingFormat.arm64With4KPages
    return try MemorySubsystem(
      BootConfiguration(
        format: format, memoryMap: MemoryMap([MemoryMapEntry(range, .usable)]),
        commandLine: Array("hugetlb_free_vmemmap=on".utf8)),
      on: HostedMachine(span: range.upperBound.rawValue, regime: format.regime))
  }

  /// Splitting a leaf with one store is what arm64 must not do: so nothing is folded there.
  @Test func `a leaf that is split in place is a violation on arm64`() throws {
    let subsystem = try boot()
    let source = RuntimeTables(
      allocator: subsystem.allocator, accounting: subsystem.accounting, node: NodeID(0))
    let order = try Mutex(order())
    let found = Mutex<[String]>([])
    let observer = CPUObserver { step in
      guard case .entryChanged(let place, let old, let new) = step else { return }
      let complaint = order.withLock { $0.complaint(of: place, from: old, to: new) }
      if let complaint { found.withLock { $0.append(complaint) } }
    }
    let address = subsystem.vmemmap.address(of: PageFrameNumber(0x1000))
    try observer.whileObserving {
      switch try subsystem.tables.splitLeaf(at: address, from: source) {
      case .split(_, let flush): flush.commit(on: subsystem.machine)
      case .alreadyTable: Issue.record("there was no leaf")
      }
    }
    let complaints = found.withLock { $0 }
    #expect(complaints.count == 1)
    #expect(complaints.first?.contains("without being broken first") == true)
  }

  @Test func `nothing that is done to pools on arm64 is a violation`() throws {
    let subsystem = try boot()
    let order = try Mutex(order())
    let found = Mutex<[String]>([])
    let observer = CPUObserver { step in
      switch step {
      case .entryChanged(let place, let old, let new):
        let complaint = order.withLock { $0.complaint(of: place, from: old, to: new) }
        if let complaint { found.withLock { $0.append(complaint) } }
      case .flushed: order.withLock { $0.noteFlush() }
      default: break
      }
    }
    observer.whileObserving {
      for pool in subsystem.hugeTLB.pools {
        pool.resize(to: 2)
        pool.resize(to: 0)
      }
    }
    #expect(found.withLock { $0 } == [])
    #expect(subsystem.checkInvariants() == [])
  }
}
