// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Freed areas, until TLBs have forgotten them; spec 09 section 4, predicates 9, 13 and 14.
@Suite struct `Freed vmalloc areas` {
  /// P-VMALLOC 14.
  @Test(arguments: [(1, 1), (2, 2), (3, 2), (4, 3), (8, 4)])
  func `pages beyond 32 MiB for each binary digit of the CPUs are purged`(
    cpus: Int, digits: Int
  ) throws {
    let host = try AreaHost(cpus: cpus)
    #expect(host.arena.purgeThreshold == UInt(digits) * 8192)
  }

  @Test func `one flush serves 32 MiB of freed areas`() throws {
    let host = try AreaHost()
    let before = host.machine.cost.reading
    var freed: UInt = 0
    for _ in 0..<3 * 4096 {
      let area = try host.allocate(1)
      try host.free(area)
      freed += 2
    }
    let cost = host.machine.cost.reading - before
    #expect(freed == 24576)
    #expect(host.arena.purgeCount.load(ordering: .relaxed) == 2)
    #expect(cost.fullFlushes + cost.pageFlushes == 2)
    #expect(host.subsystem.vmallocTotals.unpurgedPageCount <= 8192)
    #expect(host.complaints == [])
  }

  /// Predicate 13; the frame is somebody else's already while a TLB still leads to it.
  /// P-VMALLOC 13.
  @Test func `no address is given out again before every CPU has forgotten it`() throws {
    let host = try AreaHost(cpus: 4)
    let area = try host.allocate(host.page)
    let pfn = area.pages[0]
    try host.machine.store(41, at: area.start)
    for cpu in 0..<4 { #expect(host.word(at: area.start, on: cpu) == 41) }
    try host.free(area)
    #expect(host.subsystem.vmemmap.references(to: pfn) == 0, "the frame is free at once")
    #expect(host.arena.frame(at: area.start) == nil)
    #expect(host.word(at: area.start, on: 3) == 41, "a TLB may know it for longer")
    #expect(host.complaints == [], "and that is no fault")
    let next = try host.allocate(host.page)
    #expect(next.start != area.start)
    host.arena.purge()
    for cpu in 0..<4 { #expect(host.word(at: area.start, on: cpu) == nil) }
    #expect(try host.allocate(host.page).start == area.start)
    #expect(host.complaints == [])
  }

  /// V5: tables of some address spaces kept what was unmapped. Here all CPUs share one tree; what can
  /// differ is what they remember.
  @Test func `V5: after the purge no CPU reaches any page of an area`() throws {
    let host = try AreaHost(cpus: 3)
    let areas = [try host.allocateHuge(2 << 20), try host.allocate(40 * host.page)]
    for area in areas {
      for cpu in 0..<3 {
        for index in area.pages.indices {
          #expect(host.word(at: area.start.advanced(byBytes: UInt(index) << 12), on: cpu) != nil)
        }
      }
      try host.free(area)
    }
    host.arena.purge()
    for area in areas {
      for cpu in 0..<3 {
        for index in area.pages.indices {
          #expect(host.word(at: area.start.advanced(byBytes: UInt(index) << 12), on: cpu) == nil)
        }
      }
    }
    #expect(host.complaints == [])
  }

  @Test func `where no room is left, freed areas are purged and room is sought again`() throws {
    let host = try AreaHost(format: .riscvSv39)
    let room = host.format.vmallocRange.byteCount
    let first = try host.arena.reserveSparse(byteCount: room - 2 * host.page)
    #expect(
      failure { () throws(VmallocError) in _ = try host.allocate(host.page) } == .noRoom)
    #expect(host.arena.purgeCount.load(ordering: .relaxed) == 0, "there was nothing to purge")
    try host.free(first)
    let second = try host.arena.reserveSparse(byteCount: room - host.page)
    #expect(second.start == host.base)
    #expect(host.complaints == [])
  }

  @Test func `purging nothing flushes nothing`() throws {
    let host = try AreaHost()
    let before = host.machine.cost.reading
    host.arena.purge()
    #expect(host.machine.cost.reading == before)
  }
}
