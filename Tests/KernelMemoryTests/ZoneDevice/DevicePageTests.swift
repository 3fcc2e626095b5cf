// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Pages of devices are idle or in use, and each type counts that in its way.
@Suite struct `Pages of devices` {
  private static let idle: [(KernelDesign, DeviceMemoryType, UInt32)] = [
    (.linux6_1, .generic, 1), (.linux6_1, .fileSystemDAX, 1), (.linux6_1, .peerToPeer, 1),
    (.linux6_1, .devicePrivate, 0), (.linux6_1, .coherent, 0),
    (.linux6_12, .fileSystemDAX, 1), (.linux6_12, .peerToPeer, 1), (.linux6_12, .coherent, 0),
    (.linux7_2, .generic, 1), (.linux7_2, .fileSystemDAX, 0), (.linux7_2, .peerToPeer, 0),
    (.linux7_2, .devicePrivate, 0), (.linux7_2, .coherent, 0), (.unified, .fileSystemDAX, 0),
  ]

  @Test(arguments: idle)
  func `an idle page has the references of its type (P-DEV 12)`(
    kernel: KernelDesign, type: DeviceMemoryType, references: UInt32
  ) throws {
    let host = try DeviceHost(kernel)
    let map = host.map(type)
    try host.devices.map(map)
    for pfn in [map.ranges[0].lowerBound, map.ranges[0].upperBound.advanced(by: -1)] {
      let image = try #require(host.descriptor(of: pfn))
      #expect(image.counts.references == references)
      #expect(image.flags & host.vmemmap.format.reserved != 0)
      #expect(DescriptorPlace.zone(in: image.flags) == .device)
      #expect(image.link == map.token)
    }
    #expect(host.host.complaints == [])
  }

  @Test func `a generic map counts itself and its pages (P-DEV 10)`() throws {
    for (page, pages): (UInt, UInt) in [(0, 65536), (2 << 20, 128)] {
      let host = try DeviceHost()
      let map = host.map(page: page)
      try host.devices.map(map)
      #expect(map.references.count == 1 + pages)
    }
  }

  @Test(arguments: NamedKernel.all[2...3])
  func `who uses a page keeps the map, and leaves the page idle`(kernel: NamedKernel) throws {
    for type: DeviceMemoryType in [.generic, .fileSystemDAX, .peerToPeer] {
      let host = try DeviceHost(kernel)
      let freed = Tally()
      let map = host.map(
        type, page: type == .generic ? 2 << 20 : 0,
        callbacks: DeviceCallbacks(folioFree: { _ in freed.add(1) }))
      try host.devices.map(map)
      let pfn = map.ranges[0].lowerBound
      let idle = host.vmemmap.references(to: pfn)
      try host.devices.use(pfn)
      try host.devices.use(pfn)
      #expect(host.vmemmap.references(to: pfn) == idle + 2)
      #expect(host.host.complaints == [])
      #expect(host.devices.unmap(map) == .draining)
      #expect(throws: DevicePageError.noDevice) { try host.devices.use(pfn) }
      #expect(host.devices.release(pfn))
      #expect(freed.total == 0)
      #expect(host.devices.release(pfn))
      #expect(!host.devices.release(pfn), "there is nothing left to release")
      #expect(host.vmemmap.references(to: pfn) == idle)
      #expect(freed.total == (type == .peerToPeer ? 1 : 0))
      #expect(map.wakeUps.load(ordering: .relaxed) == (type == .fileSystemDAX ? 1 : 0))
      #expect(host.devices.unmap(map) == .unmapped)
    }
  }

  // MARK: Memory that drivers hand out

  @Test func `a folio that is handed out counts for each of its pages (P-DEV 11)`() throws {
    let host = try DeviceHost(.linux7_2)
    let freed = Tally()
    let map = host.map(
      .devicePrivate,
      callbacks: DeviceCallbacks(
        migrateToRAM: { _ in true },
        folioFree: { folio in
          // The driver has it back before the map forgets it.
          freed.add(Int(folio.order.pageCount))
        }))
    try host.devices.map(map)
    #expect(map.references.count == 1)
    let folio = Folio(head: map.ranges[0].lowerBound, order: PageOrder(9))
    try host.devices.handOut(folio, of: map)
    #expect(map.references.count == 1 + 512)
    #expect(host.vmemmap.has(DeviceMemory.lockedMark, at: folio.head))
    #expect(host.vmemmap.head(of: folio.head.advanced(by: 300)) == folio.head)
    host.devices.unlock(folio)
    #expect(host.host.complaints == [])
    #expect(throws: DevicePageError.inUse) { try host.devices.handOut(folio, of: map) }
    #expect(throws: DevicePageError.inUse) {
      try host.devices.handOut(
        Folio(head: folio.head.advanced(by: 256), order: PageOrder(8)), of: map)
    }
    #expect(map.references.count == 1 + 512)
    #expect(host.devices.unmap(map) == .draining)
    host.devices.takeBack(folio, of: map)
    #expect(freed.total == 512)
    #expect(host.devices.unmap(map) == .unmapped)
    #expect(host.host.complaints == [])
  }

  @Test func `old kernels hand out single pages`() throws {
    let host = try DeviceHost(.linux6_12)
    let map = host.map(.coherent)
    try host.devices.map(map)
    let head = map.ranges[0].lowerBound
    #expect(throws: DevicePageError.folioTooLarge) {
      try host.devices.handOut(Folio(head: head, order: PageOrder(1)), of: map)
    }
    try host.devices.handOut(Folio(head: head, order: .page), of: map)
    #expect(map.references.count == 2)
    #expect(host.host.complaints == [])
  }

  @Test func `what was a large folio is nothing of it when it is used again (D14)`() throws {
    let host = try DeviceHost(.linux7_2)
    let map = host.map(.devicePrivate)
    try host.devices.map(map)
    let start = map.ranges[0].lowerBound
    for order in [9, 0, 4, 9, 1] {
      let folio = Folio(head: start, order: PageOrder(order))
      try host.devices.handOut(folio, of: map)
      host.vmemmap.with(start) { $0.mapping = 0xbad0 }
      #expect(host.vmemmap.folioOrder(at: start) ?? .page == folio.order)
      #expect(host.host.complaints == [])
      host.devices.takeBack(folio, of: map)
      for offset in [0, 1, 63, 64, 511] {
        let image = try #require(host.descriptor(of: start.advanced(by: offset)))
        #expect(image.link == map.token)
        #expect(image.mapping == 0)
        #expect(image.counts.references == 0)
      }
    }
  }

  @Test func `a folio is split into pages that are handed out`() throws {
    let host = try DeviceHost(.linux7_2)
    let heard = Tally()
    let map = host.map(
      .devicePrivate,
      callbacks: DeviceCallbacks(
        migrateToRAM: { _ in true }, folioFree: { _ in }, folioSplit: { _ in heard.add(1) }))
    try host.devices.map(map)
    let folio = Folio(head: map.ranges[0].lowerBound, order: PageOrder(3))
    try host.devices.handOut(folio, of: map)
    try host.devices.split(folio, of: map)
    #expect(heard.total == 1)
    #expect(map.references.count == 9)
    #expect(host.host.complaints == [])
    for pfn in folio.frames { host.devices.takeBack(Folio(head: pfn, order: .page), of: map) }
    #expect(map.references.count == 1)
    #expect(host.devices.unmap(map) == .unmapped)
  }

  @Test func `a processor that touches private memory makes it migrate`() throws {
    let host = try DeviceHost(.linux7_2)
    let migrated = Tally()
    let map = host.map(
      .devicePrivate,
      callbacks: DeviceCallbacks(
        migrateToRAM: { folio in
          migrated.add(Int(folio.order.pageCount))
          return folio.order > .page
        }, folioFree: { _ in }))
    try host.devices.map(map)
    let folio = Folio(head: map.ranges[0].lowerBound, order: PageOrder(2))
    #expect(throws: DevicePageError.noDevice) { try host.devices.fault(at: folio.head) }
    try host.devices.handOut(folio, of: map)
    try host.devices.fault(at: folio.head.advanced(by: 3))
    #expect(migrated.total == 4)
    let single = Folio(head: folio.head.advanced(by: 4), order: .page)
    try host.devices.handOut(single, of: map)
    #expect(throws: DevicePageError.busError) { try host.devices.fault(at: single.head) }
  }

  @Test func `pages of the wrong kind or place are refused`() throws {
    let host = try DeviceHost()
    let generic = host.map()
    let coherent = host.map(.coherent, at: 3 << 30)
    try host.devices.map(generic)
    try host.devices.map(coherent)
    let page = Folio(head: generic.ranges[0].lowerBound, order: .page)
    #expect(throws: DevicePageError.wrongType) { try host.devices.handOut(page, of: generic) }
    #expect(throws: DevicePageError.noDevice) { try host.devices.handOut(page, of: coherent) }
    #expect(throws: DevicePageError.wrongType) {
      try host.devices.use(coherent.ranges[0].lowerBound)
    }
    #expect(throws: DevicePageError.noDevice) { try host.devices.use(PageFrameNumber(4096)) }
    #expect(throws: DevicePageError.wrongType) { try host.devices.fault(at: page.head) }
    #expect(!host.devices.release(PageFrameNumber(4096)))
    #expect(host.host.complaints == [])
  }

  @Test func `bad memory is reported to the driver, but not in its metadata`() throws {
    let host = try DeviceHost()
    let heard = Tally()
    let frames = host.frames(2 << 30, 128 << 20)
    let map = DevicePagemap(
      .generic, [frames], altmap: Altmap(of: frames, freeCount: 512),
      callbacks: DeviceCallbacks(memoryFailure: {
        heard.add(Int($0.pageCount))
        return true
      }))
    try host.devices.map(map)
    #expect(!host.devices.reportFailure(of: FrameRange(start: frames.lowerBound, pageCount: 1)))
    let data = PageFrameNumber(frames.lowerBound.rawValue + 600)
    #expect(host.devices.reportFailure(of: FrameRange(start: data, pageCount: 2)))
    #expect(!host.devices.reportFailure(of: FrameRange(start: frames.upperBound, pageCount: 1)))
    #expect(heard.total == 2)
  }
}
