// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory

// Damage to free memory (P-BUDDY), and to lists.

extension DamagedHost {
  /// A free block of the largest order that has one, off its list.
  fileprivate func takeBlock() -> (pfn: PageFrameNumber, order: PageOrder, type: MigrateType) {
    let order = largestListedOrder
    let pfn = freeBlock(of: order)
    let type = subsystem.topology.sections.migrateType(of: pfn)
    allocator.removeFromList(pfn, order, lists(of: pfn))
    return (pfn, order, type)
  }

  /// A frame of `node` that nobody has.
  fileprivate func takeFrame(on node: Int = 0) throws -> PageFrameNumber {
    try need(allocator.allocateFrame(on: NodeID(node)), "a free frame")
  }

  /// Gives a frame back, which a CPU keeps then.
  fileprivate func keptFrame() throws -> PageFrameNumber {
    let frame = try takeFrame()
    allocator.freeFrame(frame)
    return frame
  }

  /// A section between two pieces of a zone's memory.
  fileprivate static func withHole() throws -> (host: TestHost, section: SectionNumber) {
    let entries = [0x10_0000..<(256 << 20), (512 << 20)..<(768 << 20)].map {
      MemoryMapEntry(PhysicalAddress($0.lowerBound)..<PhysicalAddress($0.upperBound), .usable)
    }
    return (try TestHost(map: MemoryMap(entries), layout: .single), SectionNumber(2))
  }
}

extension DamageList {
  mutating func addFreeMemory() {
    addFreeBlocks()
    addFreeCounts()
    addUsedFrames()
    addLists()
  }

  private mutating func addFreeBlocks() {
    add(.alignedBlock, "a free block says that it is twice its size") {
      let host = try DamagedHost()
      let (pfn, order, type) = host.takeBlock()
      let half = PageOrder(order.index - 1)
      let lists = host.lists(of: pfn)
      host.allocator.link(pfn.buddy(at: half), order, type: type, in: lists)
      return host.subsystem
    }
    add(.mergedBuddies, "two free buddies are two blocks") {
      let host = try DamagedHost()
      let (pfn, order, type) = host.takeBlock()
      let half = PageOrder(order.index - 1)
      host.allocator.link(pfn, half, type: type, in: host.lists(of: pfn))
      host.allocator.link(pfn.buddy(at: half), half, type: type, in: host.lists(of: pfn))
      return host.subsystem
    }
    add(.freeHead, "a free block's head says another order") {
      let host = try DamagedHost()
      host.vmemmap.with(host.freeBlock(of: host.largestListedOrder)) { $0.privateWord += 1 }
      return host.subsystem
    }
    add(.freeHeadZone, "a free block's head names another zone") {
      let host = try DamagedHost()
      host.vmemmap.with(host.freeBlock(of: host.largestListedOrder)) { $0.flags ^= 1 << 51 }
      return host.subsystem
    }
    add(.freeBlockZone, "a free block is on the lists of another zone") {
      let host = try DamagedHost(memory: 2 << 30, nodes: 2)
      let (pfn, order, type) = host.takeBlock()
      let own = host.lists(of: pfn)
      let other = try need(
        host.allocator.freeLists.first { $0.zone !== own.zone && $0.zone.isPopulated })
      host.allocator.count(order.pageCount, takenFrom: own, type: type)
      host.allocator.count(order.pageCount, addedTo: other, type: type)
      host.allocator.link(pfn, order, type: type, in: other)
      return host.subsystem
    }
    add(.descriptorWords, "a free block's head is in somebody's cgroup") {
      let host = try DamagedHost()
      host.vmemmap.with(host.freeBlock(of: host.largestListedOrder)) { $0.index = 4 }
      return host.subsystem
    }
    add(.freeInterior, "a frame inside a free block has a reference") {
      let host = try DamagedHost()
      let pfn = host.freeBlock(of: host.largestListedOrder).advanced(by: 1)
      host.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
      return host.subsystem
    }
    add(.freeInterior, "a frame inside a free section is a tail") {
      let host = try DamagedHost()
      let lists = try need(host.allocator.freeLists.last { $0.freeSections.population > 0 })
      let bit = try need(lists.freeSections.first)
      let number = SectionNumber(lists.firstSection.rawValue + UInt(bit))
      let first = host.subsystem.topology.sections.frames(of: number).lowerBound
      host.vmemmap.with(first.advanced(by: 77)) { $0.link = ~0 << 15 | 1 }
      return host.subsystem
    }
    add(.pageblockType, "a pageblock changes its type and its blocks stay") {
      let host = try DamagedHost()
      let pfn = host.freeBlock(of: host.largestListedOrder)
      host.subsystem.topology.sections.setMigrateType(.reclaimable, of: pfn)
      return host.subsystem
    }
    add(.isolatedBlock, "a pageblock's isolation ends and its block stays isolated") {
      let host = try DamagedHost()
      let order = host.allocator.maximumOrder
      let pfn = host.freeBlock(of: order)
      let lists = host.lists(of: pfn)
      let sections = host.subsystem.topology.sections
      let type = sections.migrateType(of: pfn)
      host.allocator.removeFromList(pfn, order, lists)
      host.allocator.count(order.pageCount, takenFrom: lists, type: type)
      sections.setIsolated(true, of: pfn)
      host.allocator.link(pfn, order, type: type, in: lists)
      sections.setIsolated(false, of: pfn)
      return host.subsystem
    }
    add(.wholeFreeSection, "a section without memory is free") {
      let (host, section) = try DamagedHost.withHole()
      let lists = try need(host.subsystem.allocator.freeLists.first { $0.zone.kind == .dma32 })
      lists.freeSections[lists.bit(of: section)] = true
      lists.freePageCount.wrappingAdd(1 << 15, ordering: .relaxed)
      return host.subsystem
    }
  }

  private mutating func addFreeCounts() {
    add(.freePages, "a free page too many is counted") {
      let host = try DamagedHost()
      host.lists(of: host.page.head).freePageCount.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.freeContiguousPages, "a free page for contiguous memory too many is counted") {
      let host = try DamagedHost()
      host.lists(of: host.page.head).freeContiguousPageCount.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.cpuPages, "a CPU says that it keeps a page more") {
      let host = try DamagedHost()
      let lists = host.allocator.cpuLists[host.lists(of: try host.keptFrame()).zone.index]
      lists.keeps[0].setPageCount(lists.keeps[0].pageCount + 1)
      return host.subsystem
    }
    addCheck(.zoneOrder, "requests never come to a zone") {
      let host = try DamagedHost(memory: 2 << 30, nodes: 2)
      var check = InvariantCheck(host.subsystem, inHand: [])
      let order = host.allocator.zoneOrders[1].filter {
        host.subsystem.topology.zones[$0].isPopulated
      }
      check.checkZoneOrder(order.dropLast(), of: NodeID(1))
      return check.violations
    }
    addCheck(.zoneOrder, "requests come to a zone twice") {
      let host = try DamagedHost(memory: 2 << 30, nodes: 2)
      var check = InvariantCheck(host.subsystem, inHand: [])
      let order = host.allocator.zoneOrders[1]
      let first = try need(order.first { host.subsystem.topology.zones[$0].isPopulated })
      check.checkZoneOrder(order + [first], of: NodeID(1))
      return check.violations
    }
  }

  private mutating func addUsedFrames() {
    add(.cpuBlock, "a frame that a CPU keeps has a reference") {
      let host = try DamagedHost()
      host.vmemmap.with(try host.keptFrame()) { $0.counts = DescriptorCounts(references: 1) }
      return host.subsystem
    }
    add(.cpuBlock, "a frame that a CPU keeps does not say so") {
      let host = try DamagedHost()
      host.vmemmap.with(try host.keptFrame()) { $0.privateWord = 0 }
      return host.subsystem
    }
    add(.cpuBlockZone, "a CPU keeps a frame with those of another zone") {
      let host = try DamagedHost(memory: 2 << 30, nodes: 2)
      let frame = try host.takeFrame(on: 1)
      let own = host.lists(of: frame).zone
      let other = try need(
        host.allocator.freeLists.first { $0.zone.node != own.node && $0.zone.kind == .dma32 })
      host.vmemmap.with(frame) { $0.counts = DescriptorCounts(references: 0) }
      let refused = host.allocator.cpuLists[other.zone.index].put(
        frame, .page, .movable, host.vmemmap, CPUID(0))
      guard refused == nil else { throw MissingFixture(what: "room on a CPU's lists") }
      return host.subsystem
    }
    add(.listedFreeFrame, "a frame that says it is free is on no list") {
      let host = try DamagedHost()
      host.vmemmap.with(try host.takeFrame()) { $0.counts = DescriptorCounts(type: .buddy) }
      return host.subsystem
    }
    add(.lostFrame, "the last reference to a frame was dropped, and nobody freed it") {
      let host = try DamagedHost()
      host.vmemmap.with(try host.takeFrame()) { $0.counts = DescriptorCounts(references: 0) }
      return host.subsystem
    }
    add(.lostFrame, "a block fell off its list") {
      let host = try DamagedHost()
      let (pfn, order, type) = host.takeBlock()
      host.allocator.count(order.pageCount, takenFrom: host.lists(of: pfn), type: type)
      return host.subsystem
    }
    add(.kernelFrame, "a frame in the kernel's use has a reference too many") {
      let host = try DamagedHost()
      let head = try need(host.tables.frame(mappedAt: host.address(ofPage: 0)))
      host.vmemmap.with(head) { $0.counts = DescriptorCounts(references: 2) }
      return host.subsystem
    }
    add(.oneOwner, "a free frame is used as a table") {
      let host = try DamagedHost()
      let lists = try need(host.allocator.freeLists.last { $0.freeSections.population > 0 })
      let bit = try need(lists.freeSections.first)
      let number = SectionNumber(lists.firstSection.rawValue + UInt(bit))
      let frame = host.subsystem.topology.sections.frames(of: number).lowerBound
      host.setUnusedTopEntry(host.format.pageSize.address(of: frame))
      return host.subsystem
    }
  }

  private mutating func addLists() {
    add(.linkBack, "a link of a list leads back to the wrong block") {
      let host = try DamagedHost()
      host.vmemmap.with(host.freeBlock(of: host.largestListedOrder)) { $0.previous &+= 64 }
      return host.subsystem
    }
    add(.soundLink, "a link of a list of blocks leads nowhere") {
      let host = try DamagedHost()
      let frames = [try host.takeFrame(), try host.takeFrame()]
      for frame in frames {
        let lists = host.lists(of: frame)
        let type = host.subsystem.topology.sections.migrateType(of: frame)
        host.allocator.link(frame, .page, type: type, in: lists)
        host.allocator.count(1, addedTo: lists, type: type)
      }
      host.vmemmap.with(frames[1]) { $0.link = 12 }
      return host.subsystem
    }
    add(.listEnd, "a pool's list ends too early") {
      let host = try DamagedHost(pages: 6)
      let head = try need(host.vmemmap.next(after: host.page.head))
      host.vmemmap.with(head) { $0.link = 0 }
      return host.subsystem
    }
    add(.listEnd, "a list of free blocks ends too early") {
      let host = try DamagedHost(pages: 6)
      for order in 0...host.allocator.maximumOrder.index {
        for lists in host.allocator.freeLists {
          let list = lists.withList(PageOrder(order), .movable) { $0 }
          guard list.count > 1, let first = host.vmemmap.first(of: list) else { continue }
          host.vmemmap.with(first) { $0.link = 0 }
          return host.subsystem
        }
      }
      throw MissingFixture(what: "a list of two blocks")
    }
  }
}
