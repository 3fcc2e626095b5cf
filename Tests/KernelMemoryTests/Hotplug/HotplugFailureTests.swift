// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Memory is short while memory comes and goes: each allocation fails once.
@Suite struct `Hotplug without memory` {
  private struct State {
    var error: HotplugError?
  }

  private static func attempt(
    _ state: inout State, _ body: () throws(HotplugError) -> Void
  ) {
    do throws(HotplugError) {
      try body()
      state.error = nil
    } catch {
      state.error = error
    }
  }

  private static let memmapModes = ["N", "Y"]

  /// M1, M3: two blocks that hold their own descriptors; the second needs a table that is not there.
  /// Its frames go back to where they lay, never to the page allocator, and so do those of the first.
  /// I 8.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `fails adding blocks with their own descriptors, and nothing of them is left`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    // Descriptors of 64 GiB fill a table of the second level. Elder kernels take one block at most.
    let hostsMany = kernel.design.hotplug.selfHosting == .everyBlock
    let start = PhysicalAddress(64 << 30 - (hostsMany ? 128 << 20 : 0))
    let range = start..<PhysicalAddress(64 << 30 + 128 << 20)
    let add = SweptOperation<State>(
      name: "add at the end of a table", prepare: { _ in State() },
      perform: { host, state in
        Self.attempt(&state) { () throws(HotplugError) in
          try host.subsystem.hotplug.add(range, to: NodeID(0), [.memmapOnMemory])
        }
      },
      verdict: { host, state, attempt in
        let isRight = state.error == .outOfMemory && host.subsystem.addedMemory.isEmpty
        return (isRight ? [] : ["not ENOMEM"]) + attempt.differences
      })
    let sweep = try FailureSweep(add, manner) {
      try TestHost(
        memory: 64 << 20, kernel: kernel.design,
        commandLine: "memory_hotplug.memmap_on_memory=Y", room: 80 << 30)
    }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount >= 1)
  }

  /// M4: a node comes online for the memory that is added to it, and not without.
  @Test(arguments: NamedKernel.all)
  func `a node that had no memory is offline again when none could be added`(
    kernel: NamedKernel
  ) throws {
    var failureCount = 0
    for allowed: UInt in 0..<4 {
      let host = try HotplugHost(lateNode: kernel.design)
      let before = host.digest
      // A block that cannot be had is made of pages, so the next one fails, too.
      host.host.machine.failures.failAllocation(after: allowed, andAgainAfter: 0)
      let isThere = (try? host.hotplug.add(host.range(1), to: NodeID(1))) != nil
      host.host.machine.failures.stopFailing()
      #expect(host.subsystem.topology.nodes.map(\.isOnline) == [true, isThere])
      if isThere { continue }
      failureCount += 1
      #expect(host.digest.differences(from: before) == [])
    }
    #expect(failureCount > 0)
  }

  /// Going online needs memory for nothing but what the kernel would like to keep on a new node.
  @Test(arguments: NamedKernel.all, memmapModes)
  func `brings blocks online`(kernel: NamedKernel, mode: String) throws {
    let host = try HotplugHost(
      lateNode: kernel.design, commandLine: "memory_hotplug.memmap_on_memory=\(mode)")
    for offset: UInt in 0..<2 {
      try host.hotplug.add(host.range(1, from: offset), to: NodeID(1), [.memmapOnMemory])
    }
    let failures = host.host.machine.failures
    failures.failBasePageAllocations()
    try host.hotplug.online(host.first, as: .onlineKernel)
    try host.hotplug.online(host.first + 1, as: .onlineMovable)
    failures.stopFailing()
    #expect(host.hotplug.framesOfNodes.isEmpty)
    #expect(host.complaints == [])
    for number in [host.first, host.first + 1] { try host.hotplug.offline(number) }
    #expect(host.complaints == [])
  }

  /// P-MHP 6, 14: what is not dissolved yet stays folded and in its pool.
  /// P-MHP 14.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `fails taking blocks with folded pages offline, and they stay folded`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    let perPage = Int(8 - kernel.design.vmemmap.privatePageCount)
    let offline = SweptOperation<State>(
      name: "offline",
      prepare: { host in
        let hotplug = host.subsystem.hotplug
        try hotplug.add(Self.block, to: NodeID(0))
        try hotplug.online(32, as: .onlineMovable)
        host.subsystem.hugeTLB.pools[0].resize(to: 2)
        return State()
      },
      perform: { host, state in
        Self.attempt(&state) { () throws(HotplugError) in
          guard host.subsystem.hotplug.blocks[32]?.state == .online else { return }
          try host.subsystem.hotplug.offline(32)
        }
      },
      verdict: { host, state, attempt in
        guard let error = state.error else { return [] }
        let (before, after) = (attempt.before, attempt.after)
        let dissolved = before["pool 2048K pages"] - after["pool 2048K pages"]
        var wrong = error == .outOfMemory ? [] : ["not ENOMEM"]
        for name in ["zone 0 movable present", "zone 0 movable managed", "blocks online"]
        where before[name] != after[name] { wrong.append("\(name) changed") }
        let folded = host.subsystem.foldingSummaries.reduce(0) { $0 + Int($1.foldedPageCount) }
        if folded != 2 - dissolved { wrong.append("\(folded) pages are folded") }
        if after["pool 2048K free"] != 2 - dissolved { wrong.append("pages are not in their pool") }
        if after["pool 2048K surplus"] != 0 { wrong.append("pages are surplus") }
        if after["vmemmap"] - before["vmemmap"] != dissolved * perPage {
          wrong.append("frames that were taken are not in use")
        }
        if dissolved == 0 { wrong += attempt.differences }
        return wrong
      })
    let sweep = try FailureSweep(offline, manner) {
      try TestHost(
        memory: 64 << 20, kernel: kernel.design, commandLine: "hugetlb_free_vmemmap=on",
        room: 8 << 30)
    }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount >= UInt(2 * perPage))
  }

  private static let block = PhysicalAddress(4 << 30)..<PhysicalAddress(4 << 30 + 128 << 20)

  /// Used pages that move need a page to move to, with descriptors of its own.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `fails moving used pages, and they stay`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    struct Moving {
      var error: HotplugError?
      var mapping: HugeMapping?
    }
    let offline = SweptOperation<Moving>(
      name: "offline with pages in use",
      prepare: { host in
        let hotplug = host.subsystem.hotplug
        try hotplug.add(Self.block, to: NodeID(0))
        try hotplug.online(32, as: .onlineMovable)
        let pool = host.subsystem.hugeTLB.pools[0]
        pool.resize(to: 1)
        let mapping = try HugeMapping(pool: pool, pageCount: 1, manner: .reserve)
        try mapping.touchAll()
        return Moving(mapping: mapping)
      },
      perform: { host, state in
        guard host.subsystem.hotplug.blocks[32]?.state == .online else { return }
        do throws(HotplugError) {
          try host.subsystem.hotplug.offline(32)
          state.error = nil
        } catch {
          state.error = error
        }
      },
      verdict: { host, state, attempt in
        guard let error = state.error else { return [] }
        var wrong = [.outOfMemory, .interrupted].contains(error) ? [] : ["\(error)"]
        for name in ["zone 0 movable present", "zone 0 movable managed", "blocks online"]
        where attempt.before[name] != attempt.after[name] { wrong.append("\(name) changed") }
        if state.mapping?.touchedPageCount != 1 { wrong.append("the mapping lost pages") }
        return wrong
      })
    var kept: [(TestHost, HugeMapping)] = []
    var watched = offline
    watched.prepare = { host in
      let state = try offline.prepare(host)
      if let mapping = state.mapping { kept.append((host, mapping)) }
      return state
    }
    defer { for (_, mapping) in kept { mapping.release() } }
    let sweep = try FailureSweep(watched, manner) {
      try TestHost(
        memory: 64 << 20, kernel: kernel.design, commandLine: "hugetlb_free_vmemmap=on",
        room: 8 << 30)
    }
    // A page that was allocated while memory was short may not be folded.
    #expect(sweep.findings.filter { !$0.contains("a fresh host") } == [])
  }

  /// Removing asks for nothing, so nothing can fail.
  @Test(arguments: NamedKernel.all, memmapModes)
  func `removes blocks`(kernel: NamedKernel, mode: String) throws {
    let remove = SweptOperation<State>(
      name: "remove",
      prepare: { host in
        try host.subsystem.hotplug.add(Self.block, to: NodeID(0), [.memmapOnMemory])
        return State()
      },
      perform: { host, state in
        Self.attempt(&state) { () throws(HotplugError) in
          try host.subsystem.hotplug.remove(Self.block)
        }
      },
      verdict: { _, _, _ in ["removing asked for memory"] })
    let sweep = try FailureSweep(remove, .fromThenOn) {
      try TestHost(
        memory: 64 << 20, kernel: kernel.design,
        commandLine: "memory_hotplug.memmap_on_memory=\(mode)", room: 8 << 30)
    }
    #expect(sweep.findings == [])
    #expect(sweep.failurePointCount == 0)
  }
}
