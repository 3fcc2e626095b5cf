// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@testable import KernelMemory

/// Memory of devices gets descriptors, under rules, and loses them when nobody relies on them.
@Suite struct `Maps of device memory` {
  private let gigabyte: UInt = 1 << 30

  // MARK: What is refused

  private func mapped() throws -> (DeviceHost, DevicePagemap) {
    let host = try DeviceHost()
    let map = host.map()
    try host.devices.map(map)
    return (host, map)
  }

  @Test func `no ranges are no map`() throws {
    let host = try DeviceHost()
    let map = DevicePagemap(.generic, [])
    #expect(throws: PagemapError.noRanges) { try host.devices.map(map) }
  }

  @Test func `compound pages end with the largest folio, since 7.2`() throws {
    for (kernel, isRefused) in [(KernelDesign.linux7_2, true), (.linux6_12, false)] {
      let host = try DeviceHost(kernel)
      let map = DevicePagemap(
        .generic, [host.frames(2 << 30, 256 << 20)],
        folioOrder: host.subsystem.format.largestFolioOrder.next)
      let wanted: PagemapError = isRefused ? .folioTooLarge : .unalignedFolios
      #expect(throws: wanted) { try host.devices.map(map) }
    }
  }

  @Test func `a type gets what it needs, or no map`() throws {
    let host = try DeviceHost()
    let frames = [host.frames(2 << 30, 128 << 20)]
    let free = DeviceCallbacks(folioFree: { _ in })
    let both = DeviceCallbacks(migrateToRAM: { _ in true }, folioFree: { _ in })
    #expect(throws: PagemapError.missingCallback) {
      try host.devices.map(DevicePagemap(.devicePrivate, frames, owner: 1, callbacks: free))
    }
    #expect(throws: PagemapError.missingCallback) {
      try host.devices.map(DevicePagemap(.coherent, frames, owner: 1))
    }
    #expect(throws: PagemapError.missingOwner) {
      try host.devices.map(DevicePagemap(.devicePrivate, frames, callbacks: both))
    }
    #expect(throws: PagemapError.missingOwner) {
      try host.devices.map(DevicePagemap(.coherent, frames, callbacks: free))
    }
    for type: DeviceMemoryType in [.fileSystemDAX, .generic, .peerToPeer] {
      let map = DevicePagemap(type, frames)
      try host.devices.map(map)
      host.devices.unmap(map)
    }
  }

  @Test func `ordinary memory is no device's (P-DEV 7)`() throws {
    let host = try DeviceHost()
    for start: UInt in [64 << 20, (256 << 20) - (2 << 20)] {
      let map = host.map(at: start, 128 << 20)
      #expect(throws: PagemapError.ordinaryMemory) { try host.devices.map(map) }
    }
  }

  @Test func `another map at either end is a conflict (P-DEV 6)`() throws {
    let host = try DeviceHost()
    try host.devices.map(host.map(at: 2 << 30, 256 << 20))
    for start: UInt in [(2 << 30) - (128 << 20), (2 << 30) + (128 << 20)] {
      #expect(throws: PagemapError.conflict) {
        try host.devices.map(host.map(at: start, 256 << 20))
      }
    }
    #expect(host.devices.table.all.count == 1)
    #expect(host.host.complaints == [])
  }

  @Test func `another map in the middle is found as well`() throws {
    let host = try DeviceHost()
    try host.devices.map(host.map(at: 2 << 30, 128 << 20))
    let around = host.map(at: (2 << 30) - (128 << 20), 512 << 20)
    #expect(throws: PagemapError.exists) { try host.devices.map(around) }
    #expect(host.devices.reference(to: PageFrameNumber(2 << 18))?.ranges.count == 1)
  }

  @Test func `memory of others in the same section is none of a map's (D7)`() throws {
    let host = try DeviceHost()
    let first = host.map(at: 2 << 30, 16 << 20)
    let second = host.map(at: (2 << 30) + (16 << 20), 16 << 20)
    try host.devices.map(first)
    try host.devices.map(second)
    let border = host.frames((2 << 30) + (16 << 20), 0).lowerBound
    #expect(host.devices.reference(to: border) === second)
    #expect(host.devices.reference(to: border.advanced(by: -1)) === first)
    #expect(host.devices.reference(to: PageFrameNumber(border.rawValue + 4096)) == nil)
  }

  @Test(arguments: [(UInt(1 << 20), UInt(128 << 20)), (0, 3 << 20)])
  func `only whole subsections are mapped`(offset: UInt, bytes: UInt) throws {
    let host = try DeviceHost()
    let map = host.map(at: (2 << 30) + offset, bytes)
    #expect(throws: PagemapError.misaligned) { try host.devices.map(map) }
  }

  @Test func `compound pages are whole and lie on multiples of their size`() throws {
    let host = try DeviceHost()
    for (start, bytes): (UInt, UInt) in [
      (2 << 30, 1536 << 20), ((2 << 30) + (512 << 20), gigabyte),
    ] {
      let map = host.map(at: start, bytes, page: gigabyte)
      #expect(throws: PagemapError.unalignedFolios) { try host.devices.map(map) }
    }
  }

  @Test func `what no section can describe is not addressable`() throws {
    let host = try DeviceHost()
    for type: DeviceMemoryType in [.generic, .devicePrivate] {
      let map = host.map(type, at: 64 << 30, 128 << 20)
      #expect(throws: PagemapError.notAddressable) { try host.devices.map(map) }
      #expect(host.devices.table.all.isEmpty)
    }
  }

  @Test func `a map is mapped once at a time`() throws {
    let (host, map) = try mapped()
    #expect(throws: PagemapError.alreadyMapped) { try host.devices.map(map) }
    host.devices.unmap(map)
    try host.devices.map(map)
    #expect(host.host.complaints == [])
  }

  // MARK: Several ranges

  @Test func `several ranges are one map`() throws {
    let host = try DeviceHost()
    let map = DevicePagemap(
      .generic, [host.frames(2 << 30, 128 << 20), host.frames(3 << 30, 128 << 20)],
      folioOrder: PageOrder(9))
    try host.devices.map(map)
    #expect(map.references.count == 1 + 128)
    #expect(host.devices.table.map(at: PageFrameNumber(3 << 18)) === map)
    #expect(host.host.complaints == [])
    host.devices.unmap(map)
    #expect(host.devices.table.all.isEmpty)
    #expect(host.host.complaints == [])
  }

  @Test func `an altmap serves one range; the first is undone (P-DEV 5, P-DEV 8)`() throws {
    let host = try DeviceHost()
    let first = host.frames(2 << 30, 128 << 20)
    let map = DevicePagemap(
      .generic, [first, host.frames(3 << 30, 128 << 20)],
      altmap: Altmap(of: first, freeCount: 512))
    #expect(throws: PagemapError.altmapForSeveralRanges) { try host.devices.map(map) }
    #expect(map.ranges.count == 2)
    #expect(map.altmap?.usedCount == 0)
    #expect(host.devices.table.all.isEmpty)
    #expect(host.counted == 0)
    #expect(host.host.complaints == [])
  }

  @Test func `a second range that fails undoes the first (P-DEV 8)`() throws {
    let host = try DeviceHost()
    let before = host.digest
    let map = DevicePagemap(
      .generic, [host.frames(2 << 30, 128 << 20), host.frames(0, 128 << 20)])
    #expect(throws: PagemapError.ordinaryMemory) { try host.devices.map(map) }
    #expect(host.devices.reference(to: PageFrameNumber(2 << 18)) == nil)
    #expect(map.ranges.count == 2)
    #expect(host.digest["vmemmap"] == before["vmemmap"])
    #expect(host.host.complaints == [])
  }

  // MARK: Altmaps

  @Test func `data begins behind the altmap (P-DEV 4)`() throws {
    let host = try DeviceHost()
    let frames = host.frames(2 << 30, 256 << 20)
    let map = DevicePagemap(
      .generic, [frames], altmap: Altmap(of: frames, reservedCount: 512, freeCount: 1024))
    try host.devices.map(map)
    let data = PageFrameNumber(frames.lowerBound.rawValue + 1536)
    #expect(!map.hasData(at: data.advanced(by: -1)))
    #expect(map.hasData(at: data))
    #expect(map.hasData(at: frames.upperBound.advanced(by: -1)))
    #expect(!map.hasData(at: frames.upperBound))
    #expect(map.references.count == 1 + data.distance(to: frames.upperBound).magnitude)
    #expect(host.host.complaints == [])
  }

  @Test(arguments: [(UInt(0), UInt(100)), (1, 1024)])
  func `an altmap that is not at the start, or too small, fails`(shift: UInt, free: UInt) throws {
    let host = try DeviceHost()
    let frames = host.frames(2 << 30, 256 << 20)
    let start = PageFrameNumber(frames.lowerBound.rawValue + shift)
    let altmap = Altmap(of: start..<frames.upperBound, freeCount: free)
    let map = DevicePagemap(.generic, [frames], altmap: altmap)
    let wanted: PagemapError = shift == 0 ? .outOfMemory : .misaligned
    #expect(throws: wanted) { try host.devices.map(map) }
    #expect(map.altmap == altmap)
    #expect(host.counted == 0)
    #expect(host.host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `descriptors lie on the device until the mapping is gone (D6)`(
    kernel: NamedKernel
  ) throws {
    let host = try DeviceHost(kernel)
    let frames = host.frames(2 << 30, 256 << 20)
    let map = DevicePagemap(
      .generic, [frames], folioOrder: PageOrder(9),
      altmap: Altmap(of: frames, reservedCount: 2, freeCount: 1534))
    let free = host.subsystem.totals.freePageCount
    try host.devices.map(map)
    #expect(map.altmap?.usedCount == 1024)
    #expect(host.counted == 1024, "nothing is shared on an altmap (P-DEV 19)")
    #expect(host.host.complaints == [])
    host.devices.unmap(map)
    #expect(map.altmap?.usedCount == 0)
    #expect(host.counted == 0)
    #expect(free - host.subsystem.totals.freePageCount <= 1, "an upper table stays")
    #expect(host.host.complaints == [])
  }

  // MARK: Look-up and end

  @Test func `who finds a map can rely on it until it lets go (P-DEV 9)`() throws {
    let (host, map) = try mapped()
    let pfn = map.ranges[0].lowerBound
    #expect(host.devices.reference(to: pfn) === map)
    #expect(host.devices.unmap(map) == .draining)
    #expect(host.devices.table.map(at: pfn) === map, "it is found, but cannot be had")
    #expect(host.devices.reference(to: pfn) == nil)
    #expect(host.devices.unmap(map) == .draining)
    host.devices.put(map)
    #expect(host.devices.unmap(map) == .unmapped)
    #expect(host.devices.unmap(map) == .notMapped)
    #expect(host.devices.table.map(at: pfn) == nil)
    #expect(host.host.complaints == [])
  }

  @Test func `a map on its way out is no conflict, but its descriptors are in the way`() throws {
    let (host, map) = try mapped()
    let held = try #require(host.devices.reference(to: map.ranges[0].lowerBound))
    host.devices.unmap(map)
    #expect(throws: PagemapError.exists) { try host.devices.map(host.map()) }
    host.devices.put(held)
    #expect(host.devices.unmap(map) == .unmapped)
    try host.devices.map(host.map())
  }
}
