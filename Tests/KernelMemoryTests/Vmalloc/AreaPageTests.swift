// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The pages of areas; spec 09 section 3, predicates 5, 6, 17 and 20.
@Suite struct `Pages of vmalloc areas` {
  /// V1: pages were compound, and drivers that used single ones met bad state.
  /// P-VMALLOC 6.
  @Test(arguments: NamedKernel.all)
  func `V1: each page of a huge area stands alone and can be kept when the area goes`(
    kernel: NamedKernel
  ) throws {
    let host = try AreaHost(kernel: kernel.design)
    let area = try host.allocateHuge(4 << 20)
    let vmemmap = host.subsystem.vmemmap
    for pfn in area.pages {
      #expect(vmemmap.references(to: pfn) == 1)
      #expect(vmemmap.head(of: pfn) == pfn)
      #expect(!vmemmap.has(vmemmap.format.head, at: pfn))
    }
    let users = [area.pages[1], area.pages[700]]
    for pfn in users { #expect(vmemmap.takeReferenceUnlessZero(pfn)) }
    #expect(host.complaints == [])
    try host.free(area)
    for pfn in users { #expect(vmemmap.references(to: pfn) == 1) }
    #expect(host.complaints == [])
    for pfn in users { host.subsystem.allocator.freeFrame(pfn) }
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `blocks of a huge area lie together`(kernel: NamedKernel) throws {
    let host = try AreaHost(kernel: kernel.design)
    let area = try host.allocateHuge(6 << 20)
    for block in stride(from: 0, to: 1536, by: 512) {
      #expect(area.pages[block].isAligned(to: PageOrder(9)))
      #expect(area.pages[block + 511] == area.pages[block].advanced(by: 511))
    }
  }

  @Test func `7.2 takes pages in the largest blocks, base pages too`() throws {
    func requests(_ kernel: KernelDesign) throws -> UInt {
      let host = try AreaHost(kernel: kernel)
      let before = host.machine.failures.allocationCount
      #expect(try host.allocate(7 << 20).pages.count == 1792)
      return host.machine.failures.allocationCount - before
    }
    // 4 MiB, 2 MiB and 1 MiB, their list, and tables.
    #expect(try requests(.linux7_2) <= 3 + 1 + 7)
    #expect(try requests(.linux6_12) >= 1792)
  }

  @Test func `a block that fails is not tried again, nor a larger one`() throws {
    let host = try AreaHost()
    let failures = host.machine.failures
    let asked = failures.allocationCount
    failures.failAllocation(after: 0)
    let area = try host.allocate(512 << 10)
    failures.stopFailing()
    // 128 pages: order 7 failed, 6 and 6 came; a frame for each of three tables at most.
    #expect(failures.allocationCount - asked <= 3 + 3)
    #expect(area.pages.count == 128)
    #expect(host.complaints == [])
  }

  @Test func `pages come from the node that is asked for`() throws {
    let host = try AreaHost(memory: 1 << 30, nodes: 2)
    let cases: [(NodeID?, [UInt])] = [
      (NodeID(1), [0, 1024]), (NodeID(0), [1024, 0]), (nil, [1024, 0]),
    ]
    for (node, wanted) in cases {
      let area = try host.allocateHuge(4 << 20, node: node)
      #expect(host.arena.nodePageCounts(of: area.pages) == wanted)
    }
    #expect(host.arena.ownedPageCount(on: NodeID(0)) == 2048 + 2 + 2)
    #expect(host.arena.ownedPageCount(on: NodeID(1)) == 1024 + 2)
  }

  @Test func `another node's pages serve when a node has none left`() throws {
    let host = try AreaHost(memory: 512 << 20, nodes: 2)
    let area = try host.allocateHuge(300 << 20, node: NodeID(1))
    #expect(host.arena.nodePageCounts(of: area.pages).allSatisfy { $0 > 0 })
    #expect(host.complaints == [])
  }

  @Test(arguments: NamedKernel.all)
  func `the list of more than 512 pages has an area of its own`(kernel: NamedKernel) throws {
    let host = try AreaHost(kernel: kernel.design, commandLine: "nohugevmalloc")
    #expect(try host.allocate(512 << 12).pageArray == nil)
    let area = try host.allocate(513 << 12)
    let list = try #require(area.pageArray)
    #expect(list.pages.count == 2)
    #expect(host.arena.ownedPageCount == 512 + 513 + 2)
    try host.free(area)
    #expect(host.arena.ownedPageCount == 512)
    #expect(host.complaints == [])
  }

  @Test func `the list of a very long list has one, too`() throws {
    let host = try AreaHost(memory: 2 << 30)
    let area = try host.allocateHuge(1025 << 20)
    #expect(area.pageArray?.pages.count == 513)
    #expect(area.pageArray?.pageArray?.pages.count == 2)
    #expect(host.complaints == [])
    try host.free(area)
    #expect(host.subsystem.vmallocTotals.areaCount == 0)
    #expect(host.arena.ownedPageCount == 0)
    #expect(host.complaints == [])
  }
}
