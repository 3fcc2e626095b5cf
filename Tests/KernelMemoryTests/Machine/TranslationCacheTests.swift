// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `TLB` {
  private let old = PhysicalAddress(0x20_0000)
  private let new = PhysicalAddress(0x40_0000)
  private let base = PagingFormat.x86FourLevel.vmemmapBase

  /// Two CPUs that both have a translation of `base` to `old`, while the tables say `new`.
  private func staleTables() throws -> HandMadeTables {
    let tables = try HandMadeTables(.x86FourLevel, cpuCount: 2)
    tables.setWord(1, at: old)
    tables.setWord(2, at: new)
    tables.map(base, to: old)
    for cpu in 0..<2 { #expect(try load(on: cpu, tables) == 1) }
    tables.map(base, to: new)
    return tables
  }

  private func load(on cpu: Int, _ tables: HandMadeTables) throws -> UInt64 {
    try tables.machine.run(on: CPUID(cpu)) { try tables.machine.load(base) }
  }

  @Test func `each CPU sees the old page until the flush and the new one after it`() throws {
    let tables = try staleTables()
    for cpu in 0..<2 { #expect(try load(on: cpu, tables) == 1) }
    tables.machine.flushTranslations(of: base..<base.advanced(byBytes: 1))
    for cpu in 0..<2 { #expect(try load(on: cpu, tables) == 2) }
  }

  @Test func `a CPU that never looked sees the new page at once`() throws {
    let tables = try HandMadeTables(.x86FourLevel, cpuCount: 2)
    tables.setWord(1, at: old)
    tables.setWord(2, at: new)
    tables.map(base, to: old)
    #expect(try load(on: 0, tables) == 1)
    tables.map(base, to: new)
    #expect(try load(on: 1, tables) == 2)
    #expect(try load(on: 0, tables) == 1)
  }

  @Test func `a flush of everything reaches every CPU`() throws {
    let tables = try staleTables()
    tables.machine.flushAllTranslations()
    for cpu in 0..<2 { #expect(try load(on: cpu, tables) == 2) }
  }

  @Test func `a flush of other pages leaves the stale one`() throws {
    let tables = try staleTables()
    let next = base.advanced(byBytes: 4096)
    tables.machine.flushTranslations(of: next..<next.advanced(byBytes: 4096))
    tables.machine.flushTranslations(of: base.advanced(byBytes: 0)..<base)
    for cpu in 0..<2 { #expect(try load(on: cpu, tables) == 1) }
  }

  @Test func `an unmapped page stays readable until it is flushed`() throws {
    let tables = try staleTables()
    tables[tables.slot(for: base, level: 0)] = 0
    #expect(try load(on: 1, tables) == 1)
    tables.machine.flushTranslations(of: base..<base.advanced(byBytes: 4096))
    #expect(throws: MachineFault.notMapped(base)) { try load(on: 1, tables) }
  }

  @Test func `a page that became read-only can be written until it is flushed`() throws {
    let tables = try HandMadeTables(.x86FourLevel)
    tables.map(base, to: old)
    try tables.machine.store(1, at: base)
    tables.map(base, to: old, .readOnly)
    try tables.machine.store(2, at: base)
    #expect(tables.word(at: old) == 2)
    tables.machine.flushTranslations(of: base..<base.advanced(byBytes: 4096))
    #expect(throws: MachineFault.readOnly(base)) { try tables.machine.store(3, at: base) }
    #expect(tables.word(at: old) == 2)
  }

  @Test func `thousands of full flushes bring no old translation back`() throws {
    let tables = try staleTables()
    for _ in 0..<5000 {
      tables.machine.flushAllTranslations()
      tables.machine.forEachCachedTranslation { _, slot in
        Issue.record("page \(slot.page) outlived a flush")
      }
    }
  }

  /// P-PT 9.
  @Test func `after a flush no CPU remembers the range`() throws {
    let tables = try HandMadeTables(.x86FourLevel, cpuCount: 3)
    for page in 0..<64 as Range<UInt> {
      tables.map(base.advanced(byBytes: page << 12), to: old.advanced(byBytes: page << 12))
      for cpu in 0..<3 {
        _ = try tables.machine.run(on: CPUID(cpu)) {
          try tables.machine.load(base.advanced(byBytes: page << 12))
        }
      }
    }
    let range = base.advanced(byBytes: 16 << 12)..<base.advanced(byBytes: 32 << 12)
    tables.machine.flushTranslations(of: range)
    var counts: [CPUID: Int] = [:]
    tables.machine.forEachCachedTranslation { cpu, slot in
      counts[cpu, default: 0] += 1
      #expect(!range.contains(VirtualAddress(slot.page << 12)))
    }
    #expect(counts.count == tables.machine.cpuCount)
    #expect(counts.values.allSatisfy { $0 == 48 })
  }
}

@Suite struct `Flush cost` {
  private func cost(ofPages pageCount: UInt, cpuCount: Int) throws -> CostReading {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: cpuCount)
    let base = PagingFormat.x86FourLevel.vmemmapBase
    let before = machine.cost.reading
    machine.flushTranslations(of: base..<base.advanced(byBytes: pageCount << 12))
    return machine.cost.reading - before
  }

  /// P-PT 10.
  @Test(arguments: [1, 7, 8, 33] as [UInt])
  func `up to the ceiling each page is invalidated by itself`(pageCount: UInt) throws {
    let cost = try cost(ofPages: pageCount, cpuCount: 4)
    #expect(cost == CostReading(pageFlushes: pageCount, interprocessorInterrupts: 3))
  }

  @Test(arguments: [34, 512, 4095, 4096] as [UInt])
  func `above the ceiling everything goes at once`(pageCount: UInt) throws {
    let cost = try cost(ofPages: pageCount, cpuCount: 4)
    #expect(cost == CostReading(fullFlushes: 1, interprocessorInterrupts: 3))
  }

  @Test func `an empty range costs nothing`() throws {
    #expect(try cost(ofPages: 0, cpuCount: 4) == CostReading())
  }

  @Test func `a lone CPU interrupts nobody`() throws {
    #expect(try cost(ofPages: 8, cpuCount: 1) == CostReading(pageFlushes: 8))
  }

  @Test func `pages are the pages of the regime`() throws {
    let format = PagingFormat.arm64With64KPages
    let machine = try HostedMachine(span: 1 << 20, regime: format.regime)
    let before = machine.cost.reading
    machine.flushTranslations(
      of: format.vmemmapBase..<format.vmemmapBase.advanced(byBytes: 3 << 16))
    #expect((machine.cost.reading - before).pageFlushes == 3)
  }

  @Test func `a new root makes every CPU forget`() throws {
    let machine = try HostedMachine(span: 1 << 20, cpuCount: 2)
    machine.setTranslationRoot(PhysicalAddress(0x1000))
    #expect(machine.cost.reading == CostReading(fullFlushes: 1, interprocessorInterrupts: 1))
  }
}
