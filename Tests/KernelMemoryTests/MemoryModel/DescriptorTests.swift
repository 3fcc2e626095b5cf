// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Descriptors` {
  /// The eight words of a descriptor, as somebody reads them who only has its address.
  private func words(of pfn: PageFrameNumber, in host: TestHost) throws -> [UInt64] {
    let address = host.subsystem.vmemmap.address(of: pfn)
    return try (0..<8).map {
      try host.machine.load(address.advanced(byBytes: UInt($0 * 8)))
    }
  }

  @Test func `each word has its place`() throws {
    let host = try TestHost(memory: 64 << 20)
    let pfn = try #require(host.subsystem.allocator.allocateFrame(on: NodeID(0)))
    host.subsystem.vmemmap.with(pfn) { words in
      words.flags = 0x1111
      words.link = 0x2222
      words.previous = 0x3333
      words.mapping = 0x4444
      words.index = 0x5555
      words.privateWord = 0x6666
      words.counts = DescriptorCounts(references: 7)
    }
    #expect(
      try words(of: pfn, in: host) == [
        0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7_ffff_ffff, 0,
      ])
  }

  /// P-PHYS 7, P-PHYS 8.
  @Test func `a descriptor lies 64 bytes behind that of the frame before`() throws {
    let vmemmap = try TestHost(memory: 64 << 20).subsystem.vmemmap
    #expect(vmemmap.address(of: PageFrameNumber(0)) == vmemmap.base)
    for pfn in [0, 1, 63, 64, 65, 512, 16_383].map(PageFrameNumber.init) {
      let address = vmemmap.address(of: pfn)
      #expect(address.rawValue == vmemmap.base.rawValue + 64 * pfn.rawValue)
      #expect(vmemmap.frame(at: UInt64(address.rawValue)) == pfn)
    }
  }

  @Test func `counts, type and map count share a word`() {
    let plain = DescriptorCounts(references: 1)
    #expect(plain.rawValue == 0x1_ffff_ffff)
    #expect(plain.references == 1)
    #expect(plain.type == 0xff)
    #expect(!plain.isBlank)
    let buddy = DescriptorCounts(type: .buddy)
    #expect(buddy.rawValue == 0xf0ff_ffff)
    #expect(buddy.type == PageType.buddy.rawValue)
    #expect(buddy.references == 0)
    let huge = DescriptorCounts(type: .hugeTLB, references: 3)
    #expect(huge.rawValue == 0x3_f4ff_ffff)
    #expect(huge.with(references: 9) == DescriptorCounts(type: .hugeTLB, references: 9))
    #expect(DescriptorCounts(rawValue: 0).isBlank)
    #expect(DescriptorCounts(rawValue: 5 << 32).isBlank)
  }

  @Test(arguments: [0, 1, 511, 1023], ZoneKind.allCases)
  func `node and zone come back from a flags word`(node: Int, zone: ZoneKind) {
    let flags = DescriptorPlace.bits(node: NodeID(node), zone: zone) | 0xff_ffff
    #expect(DescriptorPlace.node(in: flags) == NodeID(node))
    #expect(DescriptorPlace.zone(in: flags) == zone)
  }

  @Test func `node and zone lie above every mark of every kernel`() {
    let place = DescriptorPlace.bits(node: NodeID(1023), zone: .device)
    for format in [DescriptorFormat.linux6_1, .linux6_12, .linux7_2] {
      for mark in [format.head, format.reserved, format.selfHosted, format.hwpoison] {
        #expect(place & mark == 0)
        #expect(mark.nonzeroBitCount == 1)
      }
    }
  }

  @Test func `marks lie where each kernel has them`() {
    #expect(DescriptorFormat.linux6_1.head == 1 << 16)
    #expect(DescriptorFormat.linux6_1.reserved == 1 << 12)
    #expect(DescriptorFormat.linux6_1.hwpoison == 1 << 23)
    #expect(DescriptorFormat.linux6_12.head == 1 << 6)
    #expect(DescriptorFormat.linux6_12.reserved == 1 << 13)
    #expect(DescriptorFormat.linux6_12.hwpoison == 1 << 20)
    #expect(DescriptorFormat.linux7_2.head == 1 << 6)
    #expect(DescriptorFormat.linux7_2.reserved == 1 << 13)
    #expect(DescriptorFormat.linux7_2.hwpoison == 1 << 21)
    for format in [DescriptorFormat.linux6_1, .linux6_12, .linux7_2] {
      #expect(format.selfHosted == 1 << 10)
    }
    #expect(DescriptorFormat.linux6_1.encoding == .pointer)
    #expect(DescriptorFormat.linux6_12.encoding == .pointer)
    #expect(DescriptorFormat.linux7_2.encoding == .mask)
  }

  @Test func `a mark is set and cleared without touching the rest`() throws {
    let host = try TestHost(memory: 64 << 20)
    let vmemmap = host.subsystem.vmemmap
    let pfn = try #require(host.subsystem.allocator.allocateFrame(on: NodeID(0)))
    let before = try words(of: pfn, in: host)
    vmemmap.set(vmemmap.format.hwpoison, at: pfn)
    #expect(vmemmap.has(vmemmap.format.hwpoison, at: pfn))
    #expect(!vmemmap.has(vmemmap.format.reserved, at: pfn))
    vmemmap.clear(vmemmap.format.hwpoison, at: pfn)
    #expect(try words(of: pfn, in: host) == before)
    #expect(host.complaints == [])
  }

  @Test func `a reference is taken only where there is one already`() throws {
    let host = try TestHost(memory: 64 << 20)
    let vmemmap = host.subsystem.vmemmap
    let pfn = try #require(host.subsystem.allocator.allocateFrame(on: NodeID(0)))
    #expect(vmemmap.takeReferenceUnlessZero(pfn))
    #expect(vmemmap.references(to: pfn) == 2)
    #expect(vmemmap.dropReference(pfn) == 1)
    host.subsystem.allocator.freeFrame(pfn)
    #expect(!vmemmap.takeReferenceUnlessZero(pfn))
    // Reserved at boot: nobody ever wrote its descriptor.
    let blank = PageFrameNumber(5)
    #expect(vmemmap.isBlank(blank))
    #expect(!vmemmap.takeReferenceUnlessZero(blank))
    #expect(vmemmap.isBlank(blank))
    #expect(host.complaints == [])
  }

  /// P-PHYS 18.
  @Test func `a descriptor of no memory is not there to be read`() throws {
    let host = try TestHost(memory: 256 << 20, room: 1 << 30)
    let beyond = host.subsystem.vmemmap.address(of: PageFrameNumber(1 << 18))
    #expect(throws: MachineFault.self) { try host.machine.load(beyond) }
    #expect(throws: MachineFault.self) { try host.machine.store(1, at: beyond) }
    let last = host.subsystem.vmemmap.address(of: PageFrameNumber(1 << 16 - 1))
    #expect((try? host.machine.load(last)) != nil)
  }
}
