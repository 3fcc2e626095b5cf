// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Damaged memory of devices is found` {
  /// A machine with a device of 256 MiB in pages of 2 MiB.
  private struct Damaged {
    let host: DeviceHost
    let map: DevicePagemap

    init(
      _ kernel: KernelDesign = .unified, _ type: DeviceMemoryType = .generic,
      page: UInt = 2 << 20, altmapPages: UInt = 0
    ) throws {
      host = try DeviceHost(kernel)
      let altmap =
        altmapPages == 0
        ? nil : Altmap(of: host.frames(2 << 30, 256 << 20), freeCount: altmapPages)
      map = host.map(type, page: page, altmap: altmap)
      try host.devices.map(map)
    }

    var head: PageFrameNumber { map.dataFrames(ofRange: 0).lowerBound }
    var format: PagingFormat { host.subsystem.format }

    func address(ofPage index: UInt) -> VirtualAddress {
      host.vmemmap.address(of: head).advanced(byBytes: index << 12)
    }

    func setEntry(for address: VirtualAddress, _ entry: PageTableEntry) {
      host.subsystem.tables.existingTable(for: address, level: 0)?[
        format.index(of: address, at: 0)] = entry
      host.host.machine.flushAllTranslations()
    }

    func frame(ofPage index: UInt) throws -> PageFrameNumber {
      try #require(host.subsystem.tables.frame(mappedAt: address(ofPage: index)))
    }

    var brokenLaws: Set<String> {
      Set(
        host.subsystem.checkInvariants().map { violation in
          var sink = TextSink()
          violation.predicate.write(to: &sink)
          return String(decoding: sink.bytes, as: UTF8.self)
        })
    }
  }

  @Test(arguments: NamedKernel.all, [UInt(0), 2 << 20])
  func `an undamaged device is sound`(kernel: NamedKernel, page: UInt) throws {
    #expect(try Damaged(kernel.design, page: page).brokenLaws == [])
  }

  @Test func `an altmap has another number of frames in use`() throws {
    let damaged = try Damaged(page: 0, altmapPages: 1536)
    #expect(damaged.brokenLaws == [])
    damaged.map.altmap = Altmap(of: damaged.map.ranges[0], freeCount: 1536)
    #expect(damaged.brokenLaws == ["P-DEV 1"])
  }

  @Test func `descriptors lie outside the altmap`() throws {
    let damaged = try Damaged(page: 0, altmapPages: 1536)
    damaged.map.altmap = Altmap(
      of: damaged.map.ranges[0], reservedCount: 1024, freeCount: 512)
    #expect(damaged.brokenLaws.contains("P-DEV 1"))
  }

  @Test func `a map is found under frames that it does not have`() throws {
    let damaged = try Damaged()
    _ = damaged.host.devices.table.insert(
      damaged.host.frames(4 << 30, 2 << 20), damaged.map)
    #expect(damaged.brokenLaws == ["P-DEV 6", "I 3"])
  }

  @Test func `a generic map has a reference too many`() throws {
    let damaged = try Damaged()
    _ = damaged.map.references.take()
    #expect(damaged.brokenLaws == ["P-DEV 10"])
  }

  @Test func `a private map has forgotten a page in use`() throws {
    let damaged = try Damaged(.linux7_2, .devicePrivate, page: 0)
    try damaged.host.devices.handOut(
      Folio(head: damaged.head, order: PageOrder(4)), of: damaged.map)
    #expect(damaged.brokenLaws == [])
    damaged.map.references.drop()
    #expect(damaged.brokenLaws == ["P-DEV 11"])
  }

  @Test(arguments: [0, 1, 2])
  func `a page has lost its references, its map or its zone`(damage: Int) throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.with(damaged.head) { words in
      switch damage {
      case 0: words.counts = DescriptorCounts(references: 0)
      case 1: words.link = 0
      default: words.flags &= ~damaged.host.vmemmap.format.reserved
      }
    }
    #expect(damaged.brokenLaws == ["P-DEV 12"])
  }

  @Test func `a tail leads elsewhere`() throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.with(damaged.head.advanced(by: 5)) { $0.link = 0 }
    #expect(damaged.brokenLaws == ["P-DEV 12"])
  }

  @Test func `a zone of devices has managed memory`() throws {
    let damaged = try Damaged()
    damaged.map.zone?.present.store(512, ordering: .relaxed)
    #expect(damaged.brokenLaws == ["P-DEV 13"])
  }

  @Test func `in 7_2 tails show another page's`() throws {
    let damaged = try Damaged(.linux7_2)
    let other = damaged.format.pageSize.address(of: try damaged.frame(ofPage: 8 + 1))
    damaged.setEntry(for: damaged.address(ofPage: 5), damaged.format.leaf(other, at: 0))
    #expect(damaged.brokenLaws.contains("P-DEV 14"))
  }

  @Test func `in 7_2 a shared frame has a reference too few`() throws {
    let damaged = try Damaged(.linux7_2)
    _ = damaged.host.vmemmap.dropReference(try damaged.frame(ofPage: 1))
    #expect(damaged.brokenLaws == ["P-POP 13"])
  }

  @Test func `unified, the shared tail has a reference too many`() throws {
    let damaged = try Damaged()
    damaged.host.vmemmap.addReferences(1, to: try damaged.frame(ofPage: 1))
    #expect(damaged.brokenLaws == ["P-POP 13"])
  }

  @Test func `unified, a tail can be written`() throws {
    let damaged = try Damaged()
    let tail = damaged.format.pageSize.address(of: try damaged.frame(ofPage: 3))
    damaged.setEntry(for: damaged.address(ofPage: 3), damaged.format.leaf(tail, at: 0))
    #expect(damaged.brokenLaws == ["P-DEV 16"])
  }

  @Test func `memory of a device has no map`() throws {
    let damaged = try Damaged()
    damaged.host.devices.table.remove(damaged.map.ranges[0])
    #expect(damaged.brokenLaws.isSuperset(of: ["I 3", "I 6"]))
  }

  @Test func `the counter has a vmemmap page too many`() throws {
    for kernel in [KernelDesign.linux6_12, .linux7_2, .unified] {
      let damaged = try Damaged(kernel)
      damaged.host.subsystem.accounting.runtimePages.wrappingAdd(1, ordering: .relaxed)
      #expect(damaged.brokenLaws == ["P-HVO 14"])
    }
  }
}
