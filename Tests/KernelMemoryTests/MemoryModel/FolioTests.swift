// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Folios` {
  /// A folio whose head page and other tails are written, in nobody's list.
  private func folio(
    of order: Int, in host: TestHost
  ) throws -> Folio {
    let order = PageOrder(order)
    let allocator = host.subsystem.allocator
    let head = try #require(allocator.allocateBlock(order, on: NodeID(0), [.movable]))
    let folio = Folio(head: head, order: order)
    let place = try #require(host.subsystem.topology.zone(of: head)).place
    host.subsystem.vmemmap.prepareHeadPage(of: folio, place: place)
    host.subsystem.vmemmap.prepareOuterTails(of: folio, place: place)
    return folio
  }

  /// P-PHYS 11.
  @Test(arguments: KernelDesign.all.indices, [1, 2, 6, 7, 9, 10])
  func `every tail names its head`(design: Int, order: Int) throws {
    let host = try TestHost(memory: 64 << 20, kernel: KernelDesign.all[design])
    let vmemmap = host.subsystem.vmemmap
    let folio = try folio(of: order, in: host)
    #expect(vmemmap.head(of: folio.head) == folio.head)
    for pfn in folio.frames.dropFirst() {
      #expect(vmemmap.with(pfn, for: .load) { $0.isTail })
      #expect(vmemmap.head(of: pfn) == folio.head)
      #expect(vmemmap.references(to: pfn) == 0)
      #expect(vmemmap.with(pfn, for: .load) { $0.mapping } == 0xdead_0000_0000_0400)
    }
    #expect(vmemmap.folioOrder(at: folio.head) == PageOrder(order))
    #expect(!vmemmap.with(folio.head, for: .load) { $0.isTail })
  }

  @Test(arguments: KernelDesign.all.indices)
  func `the head says so, is frozen, and the second descriptor has the order`(design: Int) throws {
    let host = try TestHost(memory: 64 << 20, kernel: KernelDesign.all[design])
    let vmemmap = host.subsystem.vmemmap
    let folio = try folio(of: 9, in: host)
    let place = try #require(host.subsystem.topology.zone(of: folio.head)).place
    vmemmap.with(folio.head, for: .load) { words in
      #expect(words.flags == place | vmemmap.format.head)
      #expect(words.counts == DescriptorCounts(references: 0))
      #expect(words.mapping == 0 && words.privateWord == 0)
    }
    vmemmap.with(folio.head.advanced(by: 1), for: .load) { #expect($0.flags == place | 9) }
    vmemmap.with(folio.head.advanced(by: 2), for: .load) { #expect($0.flags == place) }
  }

  @Test func `with pointers, a tail's word is its head's address plus one`() throws {
    let host = try TestHost(memory: 64 << 20, kernel: .linux6_12)
    let vmemmap = host.subsystem.vmemmap
    let folio = try folio(of: 9, in: host)
    let wanted = UInt64(vmemmap.address(of: folio.head).rawValue) + 1
    for pfn in folio.frames.dropFirst() {
      #expect(vmemmap.with(pfn, for: .load) { $0.link } == wanted)
    }
  }

  /// P-PHYS 12.
  @Test func `with masks, all tails of an order have the same word, wherever they are`() throws {
    let host = try TestHost(memory: 64 << 20, kernel: .linux7_2)
    let vmemmap = host.subsystem.vmemmap
    let folios = [try folio(of: 9, in: host), try folio(of: 9, in: host)]
    for folio in folios {
      for pfn in folio.frames.dropFirst() {
        #expect(vmemmap.with(pfn, for: .load) { $0.link } == 0xffff_ffff_ffff_8001)
      }
    }
  }

  @Test(arguments: [(1, 7), (9, 15), (18, 24), (22, 28)])
  func `the mask begins above the folio's descriptors`(order: Int, shift: Int) {
    let word = Vmemmap.maskLink(order: PageOrder(order))
    #expect(word == (UInt64.max << UInt64(shift)) | 1)
    // Any descriptor of an aligned folio leads to the first one.
    let base = UInt64(PagingFormat.x86FourLevel.vmemmapBase.rawValue)
    let head = base + 3 << UInt64(order + 6)
    let last = head + (1 << UInt64(order) - 1) * 64
    #expect(last & word == head)
  }

  @Test func `the array of descriptors starts where masks need it to in every format`() {
    for index in PagingFormat.all.indices {
      let format = PagingFormat.all[index]
      #expect(format.vmemmapBase.rawValue % format.vmemmapAlignment == 0)
    }
  }

  @Test func `what is not a folio is its own head and has no order`() throws {
    let host = try TestHost(memory: 64 << 20)
    let pfn = try #require(host.subsystem.allocator.allocateFrame(on: NodeID(0)))
    #expect(host.subsystem.vmemmap.head(of: pfn) == pfn)
    #expect(host.subsystem.vmemmap.folioOrder(at: pfn) == nil)
    #expect(host.complaints == [])
  }

  @Test func `writing the head page leaves the other pages alone`() throws {
    let host = try TestHost(memory: 64 << 20)
    let vmemmap = host.subsystem.vmemmap
    let order = PageOrder(9)
    let allocator = host.subsystem.allocator
    let head = try #require(allocator.allocateBlock(order, on: NodeID(0), [.movable]))
    let folio = Folio(head: head, order: order)
    vmemmap.prepareHeadPage(of: folio, place: 0)
    #expect(
      (64..<512).allSatisfy { !vmemmap.with(head.advanced(by: $0), for: .load) { $0.isTail } })
    vmemmap.prepareOuterTails(of: folio, place: 0, pageLimit: 2)
    #expect((64..<128).allSatisfy { vmemmap.head(of: head.advanced(by: $0)) == head })
    #expect(
      (128..<512).allSatisfy { !vmemmap.with(head.advanced(by: $0), for: .load) { $0.isTail } })
  }

  @Test(arguments: [KernelDesign.linux6_1, .linux6_12].indices)
  func `an image of the head in a folded page is found out by its neighbour`(index: Int) throws {
    let kernel = [KernelDesign.linux6_1, .linux6_12][index]
    let host = try TestHost(
      memory: 256 << 20, kernel: kernel, commandLine: "hugetlb_free_vmemmap=on")
    let pool = try #require(host.subsystem.hugeTLB.pool(for: PageOrder(9)))
    pool.resize(to: 1)
    let vmemmap = host.subsystem.vmemmap
    let head = try #require(vmemmap.first(of: pool.parts[0].freeList))
    #expect(host.subsystem.optimizer.isOptimized(pool.folio(head)))
    for page in 1..<8 {
      let image = head.advanced(by: page * 64)
      #expect(!vmemmap.with(image, for: .load) { $0.isTail })
      #expect(vmemmap.has(vmemmap.format.head, at: image))
      #expect(vmemmap.head(of: image) == head)
    }
    for pfn in pool.folio(head).frames { #expect(vmemmap.head(of: pfn) == head) }
    #expect(host.complaints == [])
  }

  @Test func `a folio starts on its own size`() async {
    await #expect(processExitsWith: .failure) {
      _ = Folio(head: PageFrameNumber(256), order: PageOrder(9))
    }
  }
}
