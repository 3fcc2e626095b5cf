// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Devices become ordinary memory and come back, whoever it is that adds and removes memory.
@Suite struct `Devices as ordinary memory` {
  /// Somebody who adds memory, and notes it.
  private final class Adder: Sendable {
    let log = Mutex<[String]>([])
    let refusals = Mutex<[PageFrameNumber]>([])
    let online = Mutex<[PageFrameNumber]>([])

    var backend: SystemMemoryBackend {
      SystemMemoryBackend(
        blockOrder: { PageOrder(15) },
        add: { frames, node, describesItself in
          if self.refusals.withLock({ $0.contains(frames.lowerBound) }) { return false }
          self.log.withLock {
            $0.append(
              "add \(frames.lowerBound.rawValue)+\(frames.pageCount) to \(node.rawValue)"
                + (describesItself ? " self" : ""))
          }
          return true
        },
        remove: { frames in
          if self.online.withLock({ $0.contains(frames.lowerBound) }) { return false }
          self.log.withLock { $0.append("remove \(frames.lowerBound.rawValue)") }
          return true
        },
        canDescribeItself: { true })
    }

    var lines: [String] { log.withLock { $0 } }
  }

  private func device(
    _ host: DeviceHost, _ adder: Adder, _ parts: [(start: UInt, length: UInt)],
    targetNode: NodeID? = NodeID(0)
  ) throws -> DAXDevice {
    host.dax.systemMemory = adder.backend
    let region = host.region(2 << 30, kmem: true, targetNode: targetNode)
    let device = try host.dax.create(in: region)
    for (start, length) in parts {
      let first = (2 << 30) + start << 20
      try host.dax.addMapping(device, first: first, last: first + length << 20 - 1)
    }
    return device
  }

  @Test func `whole blocks become memory (P-DEV 20)`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    let device = try device(host, adder, [(2, 510), (1024, 128)])
    try host.dax.bind(device, to: .kmem)
    #expect(
      adder.lines == ["add \((2 << 18) + 32768)+98304 to 0", "add \(3 << 18)+32768 to 0"])
    #expect(throws: DAXError.busy) { try host.dax.bind(device, to: .kmem) }
    try host.dax.unbind(device)
    #expect(adder.lines.count == 4)
    #expect(host.dax.reservations.isEmpty)
  }

  @Test func `less than a block, or no node, is refused (P-DEV 20)`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    let small = try device(host, adder, [(2, 126)])
    #expect(throws: DAXError.invalid) { try host.dax.bind(small, to: .kmem) }
    let other = try DeviceHost()
    let homeless = try device(other, adder, [(0, 128)], targetNode: nil)
    #expect(throws: DAXError.invalid) { try other.dax.bind(homeless, to: .kmem) }
    #expect(adder.lines == [])
    #expect(host.dax.reservations.isEmpty && small.driver == nil)
  }

  @Test func `after the first range others may fail (D11)`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    adder.refusals.withLock { $0 = [PageFrameNumber(3 << 18)] }
    let device = try device(host, adder, [(0, 128), (1024, 128), (1280, 128)])
    try host.dax.bind(device, to: .kmem)
    #expect(adder.lines.count == 2)
    try host.dax.unbind(device)
    #expect(adder.lines.count == 4)
    #expect(host.dax.reservations.isEmpty, "what failed holds no place")
  }

  @Test func `if all ranges fail the device is not bound`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    adder.refusals.withLock { $0 = [PageFrameNumber(2 << 18)] }
    let device = try device(host, adder, [(0, 128)])
    #expect(throws: DAXError.outOfMemory) { try host.dax.bind(device, to: .kmem) }
    #expect(device.driver == nil && host.dax.reservations.isEmpty)
  }

  @Test func `memory in use stays when its device goes (P-DEV 21)`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    let device = try device(host, adder, [(0, 128), (1024, 128)])
    adder.online.withLock { $0 = [PageFrameNumber(3 << 18)] }
    try host.dax.bind(device, to: .kmem)
    try host.dax.unbind(device)
    #expect(device.driver == nil)
    #expect(adder.lines.last == "remove \(2 << 18)")
    #expect(host.dax.reservations.map { $0.frames.lowerBound } == [PageFrameNumber(3 << 18)])
    #expect(host.dax.reservations.allSatisfy { $0.isSystemMemory })
  }

  @Test func `a device describes itself if the kernel can`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    let device = try device(host, adder, [(0, 128)])
    try host.dax.setDescribesItself(device, true)
    try host.dax.bind(device, to: .kmem)
    #expect(adder.lines == ["add \(2 << 18)+32768 to 0 self"])
    try host.dax.setDescribesItself(device, true)
    #expect(throws: DAXError.busy) { try host.dax.setDescribesItself(device, false) }
    host.dax.systemMemory?.canDescribeItself = { false }
    #expect(throws: DAXError.notSupported) { try host.dax.setDescribesItself(device, true) }
  }

  @Test func `memory for the kernel goes to the kernel first`() throws {
    let (host, adder) = (try DeviceHost(), Adder())
    let device = try device(host, adder, [(0, 128)])
    #expect(throws: DAXError.noDevice) { try host.dax.bind(device, to: .device) }
    host.dax.probe()
    #expect(device.driver == .kmem)
    host.dax.systemMemory = nil
    #expect(host.dax.matches(.device, device), "without the driver processes may have it")
  }
}
