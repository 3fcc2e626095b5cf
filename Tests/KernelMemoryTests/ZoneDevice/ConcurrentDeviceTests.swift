// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Devices that several CPUs attach, look up and detach, while memory and pools change.
@Suite struct `Devices on several CPUs` {
  @Test(arguments: NamedKernel.all.suffix(3))
  func `devices come and go while others look them up`(kernel: NamedKernel) throws {
    let host = try DeviceHost(
      kernel.design, cpus: 4, commandLine: "hugetlb_free_vmemmap=on", threading: .many)
    for index in 0..<2 { attachAndDetach(index, round: 0, host) }
    let before = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    let surprises = Tally()
    withThreads(on: host.host.machine, cpus: 0..<4) { cpu in
      switch cpu.index {
      case 0, 1:
        for round in 1..<16 where !attachAndDetach(cpu.index, round: round, host) {
          surprises.add(1)
        }
      case 2: surprises.add(lookUp(host))
      default: changeMemory(host)
      }
    }
    #expect(surprises.total == 0)
    #expect(host.devices.table.all.isEmpty)
    #expect(host.complaints == [])
    let after = SubsystemDigest(of: host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
  }

  @Test func `a device has one driver, however many CPUs want it`() throws {
    let host = try DeviceHost(cpus: 4, threading: .many)
    let device = try host.dax.create(in: host.region(kmem: true))
    try host.dax.resize(device, to: 256 << 20)
    let id = device.id
    let bound = Tally()
    withThreads(on: host.host.machine, cpus: 0..<4) { cpu in
      for round in 0..<20 {
        let driver: DAXDriver = (round + cpu.index) % 2 == 0 ? .device : .kmem
        if (try? host.subsystem.rebindDAXDevice(id, to: driver)) != nil { bound.add(1) }
        let known = host.subsystem.daxDevices
        if known.count != 1 || known[0].byteCount != 256 << 20 { bound.add(-1000) }
      }
    }
    #expect(bound.total == 80)
    #expect(host.complaints == [])
    try host.subsystem.rebindDAXDevice(id, to: nil)
    #expect(host.dax.reservations.isEmpty && host.devices.table.all.isEmpty)
    #expect(host.complaints == [])
  }

  @Test func `whoever unmaps waits for others to let go`() throws {
    let host = try DeviceHost(cpus: 3, threading: .many)
    let found = Tally()
    let (started, unmapped) = (Flag(), Flag())
    withThreads(on: host.host.machine, cpus: 0..<3) { cpu in
      if cpu.index == 0 {
        for round in 0..<40 {
          let map = host.map(page: 2 << 20)
          guard (try? host.devices.map(map)) != nil else { continue }
          if round == 0 { started.set() }
          host.devices.unmap(map, .untilDrained)
        }
        unmapped.set()
      } else {
        started.wait()
        while !unmapped.isSet {
          let pfn = PageFrameNumber((2 << 18) + UInt(cpu.index) * 512)
          guard let map = host.devices.reference(to: pfn) else { continue }
          // The descriptors stay for as long as the reference.
          if host.vmemmap.references(to: pfn) == 1 { found.add(1) }
          host.devices.put(map)
        }
      }
    }
    #expect(host.devices.table.all.isEmpty)
    #expect(host.host.complaints == [])
  }

  @Test func `who asks for a section's memory sees all of it or none (S1)`() throws {
    let host = try DeviceHost(cpus: 2, threading: .many)
    let topology = host.subsystem.topology
    let map = host.map(page: 2 << 20)
    let surprises = Tally()
    let done = Flag()
    withThreads(on: host.host.machine, cpus: 0..<2) { cpu in
      if cpu.index == 0 {
        for _ in 0..<60 where (try? host.devices.map(map)) != nil { host.devices.unmap(map) }
        done.set()
      } else {
        while !done.isSet {
          let section = topology.sections[topology.sections.number(of: map.ranges[0].lowerBound)]
          // Who finds no map looks no further.
          let isTorn = section.subsections != 0 && section.subsections != .max
          if section.marks.contains(.hasMap), isTorn { surprises.add(1) }
          let zone = topology.zone(of: map.ranges[0].lowerBound)
          if let zone, zone.kind != .device { surprises.add(1) }
        }
      }
    }
    #expect(surprises.total == 0)
    #expect(host.complaints == [])
  }

  /// Maps and unmaps a device of its own for each `index`; neighbours share tables.
  @discardableResult
  private func attachAndDetach(_ index: Int, round: Int, _ host: DeviceHost) -> Bool {
    let page: UInt = [2 << 20, 0, 128 << 20][round % 3]
    let start: UInt = (2 << 30) + UInt(index) << 27
    let map = host.map(at: start, 128 << 20, page: page)
    guard (try? host.devices.map(map)) != nil else { return false }
    let pfn = map.ranges[0].lowerBound
    guard (try? host.devices.use(pfn)) != nil, host.devices.release(pfn) else { return false }
    return host.devices.unmap(map, .untilDrained) == .unmapped
  }

  /// Looks devices up and uses their pages; returns how many were not as they should be.
  private func lookUp(_ host: DeviceHost) -> Int {
    var surprises = 0
    for round in 0..<1500 {
      let pfn = PageFrameNumber((2 << 18) + UInt(round % 2) << 15 + UInt(round) % 512)
      guard let map = host.devices.reference(to: pfn) else { continue }
      // The descriptors stay for as long as the reference.
      let head = host.vmemmap.head(of: pfn)
      if !map.ranges[0].contains(head) || host.vmemmap.references(to: head) == 0 { surprises += 1 }
      host.devices.put(map)
      if (try? host.devices.use(pfn)) != nil, !host.devices.release(pfn) { surprises += 1 }
    }
    return surprises
  }

  /// Adds memory and takes it away, and lets a pool grow and shrink.
  private func changeMemory(_ host: DeviceHost) {
    let hotplug = host.subsystem.hotplug
    let range = PhysicalAddress(5 << 30)..<PhysicalAddress((5 << 30) + (128 << 20))
    for round in 0..<8 {
      try? hotplug.add(range, to: NodeID(0))
      try? hotplug.online(40, as: .onlineMovable)
      host.subsystem.hugeTLB.pools[0].resize(to: UInt(round % 4) * 8)
      host.subsystem.hugeTLB.pools[0].resize(to: 0)
      try? hotplug.offline(40)
      try? hotplug.remove(range)
    }
  }
}
