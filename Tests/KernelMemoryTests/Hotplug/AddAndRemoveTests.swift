// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Memory that is added, and goes again: spec 08 sections 3 and 7.
@Suite struct `Adding and removing memory` {
  @Test(arguments: NamedKernel.all, [ZoneKind.normal, .movable])
  func `add, online, offline and remove lead back to where it began`(
    kernel: NamedKernel, kind: ZoneKind
  ) throws {
    let host = try HotplugHost(kernel.design)
    // Zones of the kernel that a node never had stay behind with what it put there.
    let keeps = kind == .normal && kernel.design.hotplug.framesForNewNode > 0
    let before = host.digest
    try host.hotplug.add(host.range(3), to: host.node)
    for number in host.first..<host.first + 3 {
      try host.hotplug.online(number, as: kind == .movable ? .onlineMovable : .onlineKernel)
      #expect(host.complaints == [])
    }
    #expect(host.zone(kind).presentPageCount == 3 << 15)
    #expect(host.zone(kind).managedPageCount == 3 << 15)
    for number in host.first..<host.first + 3 { try host.hotplug.offline(number) }
    #expect(host.complaints == [])
    try host.hotplug.remove(host.range(3))
    #expect(host.complaints == [])
    #expect(host.digest.differences(from: before) == [])
    #expect(!keeps || host.hotplug.framesOfNodes.isEmpty, "this node had memory for the kernel")
  }

  /// M6, P-MHP 20, A4: what adding counts, removing takes back, in any pieces.
  @Test(arguments: NamedKernel.all, [false, true])
  func `counters come back whatever the pieces`(kernel: NamedKernel, isSelfHosted: Bool) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "memory_hotplug.memmap_on_memory=\(isSelfHosted ? "Y" : "N")")
    let before = host.digest
    let options: AddOptions = isSelfHosted ? [.memmapOnMemory] : []
    let counted = { host.subsystem.accounting.runtimePages.load(ordering: .relaxed) }
    let start = counted()
    try host.hotplug.add(host.range(1), to: host.node, options)
    try host.hotplug.add(host.range(2, from: 1), to: host.node, options)
    #expect(counted() - start == 3 * 512)
    #expect(host.complaints == [])
    try host.hotplug.remove(host.range(2, from: 1))
    try host.hotplug.remove(host.range(1))
    #expect(counted() == start)
    #expect(host.digest.differences(from: before) == [])
  }

  /// M4, S2: every failure on the way leaves nothing behind.
  @Test(arguments: NamedKernel.all, FailureSweep.Manner.allCases)
  func `a failure of adding leaves nothing`(
    kernel: NamedKernel, manner: FailureSweep.Manner
  ) throws {
    struct State {
      var error: HotplugError?
    }
    for options: AddOptions in [[], [.memmapOnMemory]] {
      let add = SweptOperation<State>(
        name: "add", prepare: { _ in State() },
        perform: { host, state in
          let range = PhysicalAddress(4 << 30)..<PhysicalAddress(4 << 30 + 256 << 20)
          do throws(HotplugError) {
            try host.subsystem.hotplug.add(range, to: NodeID(0), options)
            state.error = nil
          } catch {
            state.error = error
          }
        },
        verdict: { _, state, attempt in
          // A block of descriptors that cannot be had is made of pages instead.
          guard state.error != nil else { return [] }
          let isRight = state.error == .outOfMemory
          return (isRight ? [] : ["not ENOMEM"]) + attempt.differences
        },
        complete: { host, state in
          let range = PhysicalAddress(4 << 30)..<PhysicalAddress(4 << 30 + 256 << 20)
          if state.error == nil { try? host.subsystem.hotplug.remove(range) }
          try? host.subsystem.hotplug.add(range, to: NodeID(0), options)
        })
      let sweep = try FailureSweep(add, manner) {
        try TestHost(
          memory: 64 << 20, kernel: kernel.design,
          commandLine: "memory_hotplug.memmap_on_memory=Y", room: 8 << 30)
      }
      #expect(sweep.findings == [])
      // Memory that holds its own descriptors may need nothing else.
      #expect(sweep.failurePointCount > 0 || options.contains(.memmapOnMemory))
    }
  }

  @Test func `what is there already is not added again`() throws {
    let host = try HotplugHost()
    try host.hotplug.add(host.range(2), to: host.node)
    let before = host.digest
    #expect(throws: HotplugError.exists) { try host.hotplug.add(host.range(1), to: host.node) }
    #expect(throws: HotplugError.exists) {
      try host.hotplug.add(host.range(2, from: 1), to: host.node)
    }
    let low = PhysicalAddress(0)..<PhysicalAddress(128 << 20)
    #expect(throws: HotplugError.exists) { try host.hotplug.add(low, to: host.node) }
    #expect(host.digest.differences(from: before) == [])
  }

  @Test(arguments: [
    (UInt(4 << 30) + (64 << 20), UInt(128 << 20)), (4 << 30, 64 << 20), (4 << 30, 0),
  ])
  func `only whole blocks are added`(start: UInt, byteCount: UInt) throws {
    let host = try HotplugHost()
    #expect(throws: HotplugError.invalid) {
      try host.hotplug.add(
        PhysicalAddress(start)..<PhysicalAddress(start + byteCount), to: host.node)
    }
    #expect(host.complaints == [])
  }

  @Test func `memory beyond what can be described is refused`() throws {
    let host = try HotplugHost()
    for start: UInt in [1 << 46, 1 << 52, .max - (128 << 20) + 1 - (128 << 20)] {
      #expect(throws: HotplugError.outOfReach) {
        try host.hotplug.add(
          PhysicalAddress(start)..<PhysicalAddress(start + 128 << 20), to: host.node)
      }
    }
  }

  @Test func `a node or group that does not exist gets no memory`() throws {
    let host = try HotplugHost()
    #expect(throws: HotplugError.invalid) { try host.hotplug.add(host.range(1), to: NodeID(7)) }
    #expect(throws: HotplugError.invalid) {
      try host.hotplug.add(host.range(1), to: host.node, group: MemoryGroupID(3))
    }
  }

  /// P-MHP 12.
  @Test func `nothing is removed while a block of it is online`() throws {
    let host = try HotplugHost()
    try host.hotplug.add(host.range(3), to: host.node)
    try host.hotplug.online(host.first + 1, as: .onlineMovable)
    let before = host.digest
    #expect(throws: HotplugError.busy) { try host.hotplug.remove(host.range(3)) }
    #expect(host.digest.differences(from: before) == [])
    try host.hotplug.remove(host.range(1))
    try host.hotplug.remove(host.range(1, from: 2))
    #expect(host.hotplug.blocks.all.last?.number == host.first + 1)
    #expect(host.complaints == [])
  }

  @Test func `memory that is not there is not removed`() throws {
    let host = try HotplugHost()
    #expect(throws: HotplugError.invalid) { try host.hotplug.remove(host.range(1)) }
    let odd = PhysicalAddress(4 << 30)..<PhysicalAddress(4 << 30 + 1 << 20)
    #expect(throws: HotplugError.invalid) { try host.hotplug.remove(odd) }
  }

  /// M9: memory that is added again behaves as if it had never been there.
  @Test(arguments: NamedKernel.all)
  func `memory that comes again is like new`(kernel: NamedKernel) throws {
    let host = try HotplugHost(
      kernel.design, commandLine: "hugetlb_free_vmemmap=on memory_hotplug.memmap_on_memory=Y")
    for kind in [OnlineType.onlineMovable, .onlineKernel, .onlineMovable] {
      try host.hotplug.add(host.range(1), to: host.node, [.memmapOnMemory])
      try host.hotplug.online(host.first, as: kind)
      // The kernel's own pages would stay on memory that it may use.
      host.pool.resize(to: kind == .onlineMovable ? 500 : 0)
      #expect(host.complaints == [])
      host.pool.resize(to: 0)
      try host.hotplug.offline(host.first)
      #expect(host.complaints == [])
      try host.hotplug.remove(host.range(1))
      #expect(host.complaints == [])
    }
  }

  @Test func `memory that boot found can go, and come again`() throws {
    let host = try HotplugHost(.linux7_2, commandLine: "movablecore=512M")
    let movable = host.zone(.movable)
    let number = UInt(6)
    #expect(host.hotplug.blocks[number]?.zoneIndex == movable.index)
    let present = movable.presentPageCount
    try host.hotplug.offline(number)
    #expect(movable.presentPageCount == present - 1 << 15)
    #expect(movable.earlyPresent.load(ordering: .relaxed) == movable.presentPageCount)
    let range = PhysicalAddress(number << 27)..<PhysicalAddress((number + 1) << 27)
    try host.hotplug.remove(range)
    #expect(host.complaints == [])
    try host.hotplug.add(range, to: host.node)
    try host.hotplug.online(number, as: .onlineMovable)
    #expect(movable.presentPageCount == present)
    #expect(movable.earlyPresent.load(ordering: .relaxed) == present - 1 << 15, "it is new memory")
    #expect(host.complaints == [])
  }

  @Test func `a machine's resources tell what is there`() throws {
    let host = try HotplugHost(.linux7_2, commandLine: "movablecore=512M")
    let whole = host.read("/proc/iomem")
    try host.hotplug.offline(6)
    let range = PhysicalAddress(6 << 27)..<PhysicalAddress(7 << 27)
    try host.hotplug.remove(range)
    let hole = whole.replacing(
      "00100000-3fffffff : System RAM",
      with: "00100000-2fffffff : System RAM\n38000000-3fffffff : System RAM")
    #expect(host.read("/proc/iomem") == hole)
    try host.hotplug.add(range, to: host.node)
    #expect(
      host.read("/proc/iomem")
        == whole.replacing(
          "00100000-3fffffff : System RAM",
          with: "00100000-2fffffff : System RAM\n30000000-37ffffff : System RAM\n"
            + "38000000-3fffffff : System RAM"))
  }

  // MARK: Nodes

  @Test(arguments: NamedKernel.all)
  func `a node comes with its first memory and goes with its last`(kernel: NamedKernel) throws {
    let host = try HotplugHost(lateNode: kernel.design)
    let nodes = "/sys/devices/system/node"
    #expect(host.read("\(nodes)/online") == "0")
    #expect(host.read("\(nodes)/possible") == "0-1")
    #expect(host.read("\(nodes)/node1/distance") == "?")
    try host.hotplug.add(host.range(1), to: NodeID(1))
    #expect(host.read("\(nodes)/online") == "0-1")
    #expect(host.read("\(nodes)/has_memory") == "0")
    try host.hotplug.online(host.first, as: .onlineMovable)
    #expect(host.read("\(nodes)/has_memory") == "0-1")
    #expect(host.read("\(nodes)/has_normal_memory") == "0")
    #expect(host.complaints == [])
    try host.hotplug.offline(host.first)
    #expect(host.read("\(nodes)/online") == "0-1")
    try host.hotplug.remove(host.range(1))
    #expect(host.read("\(nodes)/online") == "0")
    #expect(host.complaints == [])
  }

  @Test func `the kernel's own pages keep a node's first block where it is`() throws {
    let host = try HotplugHost(lateNode: .linux7_2)
    try host.hotplug.add(host.range(2), to: NodeID(1))
    try host.hotplug.online(host.first, as: .onlineKernel)
    try host.hotplug.online(host.first + 1, as: .onlineKernel)
    #expect(throws: HotplugError.busy) { try host.hotplug.offline(host.first) }
    try host.hotplug.offline(host.first + 1)
    #expect(host.complaints == [])
  }
}
