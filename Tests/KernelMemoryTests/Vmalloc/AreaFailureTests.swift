// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Areas for which memory is short; spec 09 section 3, predicates 7 and 20.
@Suite struct `Vmalloc when memory is short` {
  /// The area that an operation made.
  struct Attempt {
    var area: VmallocArea?
  }

  typealias Operation = SweptOperation<Attempt>

  /// Gets to where an undisturbed allocation comes.
  private static func repeated(
    _ host: TestHost, _ attempt: inout Attempt, _ make: (VmallocArena) throws -> VmallocArea
  ) {
    let arena = host.subsystem.vmalloc
    if let area = attempt.area { try? arena.free(at: area.start) }
    arena.purge()
    attempt.area = try? make(arena)
  }

  private func sweep(
    _ name: String, _ kernel: NamedKernel, _ manner: FailureSweep.Manner,
    make: @escaping (VmallocArena) throws -> VmallocArea
  ) throws -> FailureSweep {
    let operation = Operation(
      name: name, prepare: { _ in Attempt() },
      perform: { host, attempt in attempt.area = try? make(host.subsystem.vmalloc) },
      verdict: { _, attempt, failed in
        if attempt.area == nil { return failed.lastingDifferences }
        return failed.after["areas"] == 0 ? ["the area is not there"] : []
      },
      complete: { host, attempt in Self.repeated(host, &attempt, make) })
    let sweep = try FailureSweep(operation, manner) {
      try TestHost(memory: 64 << 20, kernel: kernel.design)
    }
    #expect(sweep.findings == [])
    return sweep
  }

  /// P-VMALLOC 7, P-VMALLOC 20, I 8.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `an area that may be huge fails without a trace, or is there`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let sweep = try sweep("huge area", kernel, manner) { arena in
      try arena.allocate(VmallocRequest(byteCount: 5 << 20, mapping: .largestThatFits))
    }
    #expect(sweep.failurePointCount >= 6)
  }

  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `an area of base pages fails without a trace, or is there`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    // One by one, so many pages that they need a list are too many places to fail at.
    let count: UInt = kernel.design.vmalloc.startsWithLargeBlocks ? 600 : 12
    let sweep = try sweep("area", kernel, manner) { arena in
      try arena.allocate(VmallocRequest(byteCount: count << 12))
    }
    #expect(sweep.failurePointCount >= 5)
  }

  @Test(arguments: FailureSweep.Manner.allCases)
  func `a device's mapping fails without a trace, or is there`(
    manner: FailureSweep.Manner
  ) throws {
    let sweep = try sweep("device", NamedKernel(design: .unified), manner) { arena in
      let range = PhysicalAddress(1 << 40 + 4096)..<PhysicalAddress(1 << 40 + 4 << 20)
      let start = try arena.mapDevice(range)
      return try #require(arena.area(startingAt: start))
    }
    #expect(sweep.failurePointCount >= 3)
  }

  /// V2: after the fallback the wrong pages were mapped.
  @Test(arguments: NamedKernel.all)
  func `V2: an area that falls back is mapped page by page to its own pages`(
    kernel: NamedKernel
  ) throws {
    let host = try AreaHost(memory: 128 << 20, kernel: kernel.design)
    let taken = host.takeBlocks(of: PageOrder(9))
    host.release(Array(taken.prefix(2)), PageOrder(9))
    let free = host.subsystem.totals.freePageCount
    let area = try host.allocateHuge(6 << 20)
    #expect(area.order == .page)
    #expect(area.flags.contains(.allowsHugePages))
    #expect(area.usable.byteCount == 6 << 20)
    #expect(host.leafCount == 0)
    #expect(host.mappingFaults(of: area) == [])
    try host.free(area)
    #expect(host.subsystem.totals.freePageCount + 6 >= free, "but for tables")
    // Blocks in a test's hand are nobody's: they go back before anyone looks.
    host.release(Array(taken.dropFirst(2)), PageOrder(9))
    #expect(host.complaints == [])
  }

  /// P-VMALLOC 7.
  @Test func `an area that falls back has the alignment that was asked for`() throws {
    let host = try AreaHost(memory: 128 << 20)
    _ = host.takeBlocks(of: PageOrder(9))
    let first = try host.allocate(host.page)
    let area = try host.arena.allocate(
      VmallocRequest(byteCount: 2 << 20, alignment: 1 << 16, mapping: .largestThatFits))
    #expect(area.start == host.base.advanced(byBytes: 1 << 16))
    #expect(first.start == host.base)
  }

  /// V4: an error while pages were mapped left a mode on, and an allocation that must not fail said
  /// nothing. Here nothing can fail any more once entries are written.
  @Test func `V4: tables that cannot be had leave nothing mapped and nothing pending`() throws {
    let host = try AreaHost(memory: 64 << 20)
    var failures = 0
    for served: UInt in 0..<8 {
      let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
      // A block of four pages can be had, and then so many tables.
      host.machine.failures.failBasePageAllocations(after: served)
      let error = failure { () throws(VmallocError) in _ = try host.allocate(4 * host.page) }
      host.machine.failures.stopFailing()
      #expect(host.complaints == [])
      guard let error else { break }
      failures += 1
      #expect(error == .outOfFrames)
      let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
      #expect(after.differences(from: before) == [])
    }
    #expect((2...4).contains(failures), "tables that were made stay")
  }

  @Test func `areas until memory ends, and all of it back`() throws {
    let host = try AreaHost(memory: 64 << 20)
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    var areas: [VmallocArea] = []
    while let area = try? host.allocateHuge(3 << 20) { areas.append(area) }
    #expect(areas.count >= 12)
    #expect(host.complaints == [])
    for area in areas.reversed() { try host.free(area) }
    host.arena.purge()
    let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
    #expect(host.complaints == [])
  }
}
