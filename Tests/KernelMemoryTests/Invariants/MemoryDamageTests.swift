// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Damaged free memory is found` {
  @Test func `two free buddies are two blocks`() throws {
    let host = try DamagedHost()
    let order = host.largestListedOrder
    let pfn = host.freeBlock(of: order)
    let lists = host.lists(of: pfn)
    let half = PageOrder(order.index - 1)
    let type = host.subsystem.topology.sections.migrateType(of: pfn)
    host.allocator.removeFromList(pfn, order, lists)
    host.allocator.link(pfn, half, type: type, in: lists)
    host.allocator.link(pfn.buddy(at: half), half, type: type, in: lists)
    #expect(host.brokenLaws == ["P-BUDDY 1"])
  }

  @Test func `a free page too many is counted`() throws {
    let host = try DamagedHost()
    let lists = host.lists(of: host.page.head)
    lists.freePageCount.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["P-BUDDY 2"])
  }

  @Test func `a frame that says it is free is on no list`() throws {
    let host = try DamagedHost()
    let frame = try #require(host.allocator.allocateFrame(on: NodeID(0)))
    host.vmemmap.with(frame) { $0.counts = DescriptorCounts(type: .buddy) }
    #expect(host.brokenLaws == ["P-BUDDY 3"])
  }

  @Test func `a frame in the kernel's use has a reference too many`() throws {
    let host = try DamagedHost()
    let head = try #require(host.tables.frame(mappedAt: host.address(ofPage: 0)))
    host.vmemmap.with(head) { $0.counts = DescriptorCounts(references: 2) }
    #expect(host.brokenLaws == ["P-BUDDY 4"])
  }

  @Test func `a pageblock changes its type and its blocks stay`() throws {
    let host = try DamagedHost()
    let pfn = host.freeBlock(of: host.largestListedOrder)
    host.subsystem.topology.sections.setMigrateType(.reclaimable, of: pfn)
    #expect(host.brokenLaws == ["P-BUDDY 17"])
  }

  @Test func `a pageblock's isolation ends and its block stays isolated`() throws {
    let host = try DamagedHost()
    let order = host.allocator.maximumOrder
    let pfn = host.freeBlock(of: order)
    let lists = host.lists(of: pfn)
    let sections = host.subsystem.topology.sections
    let type = sections.migrateType(of: pfn)
    lists.lock.withLock {
      host.allocator.removeFromList(pfn, order, lists)
      host.allocator.count(order.pageCount, takenFrom: lists, type: type)
      sections.setIsolated(true, of: pfn)
      host.allocator.link(pfn, order, type: type, in: lists)
      sections.setIsolated(false, of: pfn)
    }
    #expect(host.brokenLaws == ["P-BUDDY 13"])
  }

  @Test func `a frame inside a free block has a reference`() throws {
    let host = try DamagedHost()
    let pfn = host.freeBlock(of: host.largestListedOrder).advanced(by: 1)
    host.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
    #expect(host.brokenLaws == ["P-PHYS 5"])
  }

  @Test func `a free block's head names another zone`() throws {
    let host = try DamagedHost()
    let pfn = host.freeBlock(of: host.largestListedOrder)
    host.vmemmap.with(pfn) { $0.flags ^= 1 << 51 }
    #expect(host.brokenLaws == ["P-PHYS 10"])
  }

  @Test func `a link of a list leads back to the wrong block`() throws {
    let host = try DamagedHost()
    let pfn = host.freeBlock(of: host.largestListedOrder)
    host.vmemmap.with(pfn) { $0.previous = $0.previous &+ 64 }
    #expect(host.brokenLaws == ["I 1"])
  }

  @Test func `a list ends too early`() throws {
    let host = try DamagedHost(pages: 6)
    let head = try #require(host.vmemmap.next(after: host.page.head))
    host.vmemmap.with(head) { $0.link = 0 }
    #expect(host.brokenLaws.contains("I 1"))
  }
}

@Suite struct `Damaged counts of memory are found` {
  @Test func `the total is not the sum of the zones`() throws {
    let host = try DamagedHost()
    host.allocator.managedPageCount.wrappingAdd(1, ordering: .relaxed)
    #expect(host.brokenLaws == ["P-PHYS 4"])
  }

  @Test func `a zone manages a page too many`() throws {
    let host = try DamagedHost()
    host.allocator.countManaged(1, in: host.lists(of: host.page.head).zone)
    #expect(host.brokenLaws == ["I 3"])
  }

  @Test func `a subsection with memory is not marked`() throws {
    let host = try DamagedHost()
    let sections = host.subsystem.topology.sections
    sections.update(sections.number(of: host.page.head)) { $0.subsections &= ~2 }
    #expect(host.brokenLaws == ["P-PHYS 9"])
  }

  @Test func `a section with descriptors is not present`() throws {
    let host = try DamagedHost()
    let sections = host.subsystem.topology.sections
    sections.update(sections.number(of: host.page.head)) { $0.marks.remove(.present) }
    #expect(host.brokenLaws == ["P-POP 15"])
  }

  @Test func `a bad frame is not counted`() throws {
    let host = try DamagedHost()
    let frame = try #require(host.allocator.allocateFrame(on: NodeID(0)))
    host.vmemmap.set(host.vmemmap.format.hwpoison, at: frame)
    #expect(host.brokenLaws == ["I 3"])
  }
}

@Suite struct `Damaged pools are found` {
  @Test func `a node counts a page too many`() throws {
    let host = try DamagedHost()
    host.pool.parts[0].counts.pageCount += 1
    #expect(host.brokenLaws == ["P-POOL 1"])
  }

  @Test func `more pages are surplus than there are`() throws {
    let host = try DamagedHost()
    host.pool.counts.surplusPageCount = 9
    host.pool.parts[0].counts.surplusPageCount = 9
    host.pool.target = host.pool.counts.persistentPageCount
    #expect(host.brokenLaws == ["P-POOL 2"])
  }

  @Test func `a free page is not marked as free`() throws {
    let host = try DamagedHost()
    host.vmemmap.removeHugePageMarks(.freed, at: host.page.head)
    #expect(Set(host.brokenLaws) == ["P-POOL 3", "P-POOL 22"])
  }

  @Test func `more pages are promised than are free`() throws {
    let host = try DamagedHost()
    host.pool.counts.reservedPageCount = 5
    #expect(host.brokenLaws == ["P-POOL 4"])
  }

  @Test func `the wanted number is not that of the pages`() throws {
    let host = try DamagedHost()
    host.pool.target += 1
    #expect(host.brokenLaws == ["P-POOL 5"])
  }

  @Test func `a page on loan is on a free list`() throws {
    let host = try DamagedHost()
    host.vmemmap.insertHugePageMarks(.temporary, at: host.page.head)
    #expect(host.brokenLaws == ["P-POOL 14"])
  }

  @Test func `a page of no pool says that it is of one`() throws {
    let host = try DamagedHost(folds: false)
    let head = try #require(host.pool.allocateBarePage(on: NodeID(0), [.thisNode]))
    #expect(host.brokenLaws == ["P-POOL 22"])
    let folio = host.pool.folio(head)
    #expect(host.subsystem.checkInvariants(inHand: [folio]) == [])
  }
}
