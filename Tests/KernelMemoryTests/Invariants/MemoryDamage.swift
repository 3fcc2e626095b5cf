// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport

@testable import KernelMemory

// Damage to nodes, zones, sections and single descriptors (P-PHYS), and to what a host counts of
// them.

extension DamageList {
  mutating func addMemory() {
    add(.presentPages, "a zone counts a present page too many") {
      let host = try DamagedHost()
      host.lists(of: host.page.head).zone.present.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.nodeMemory, "a node has memory that no zone has") {
      let host = try DamagedHost()
      host.subsystem.topology.nodes[0].ownMemory.insert(
        FrameRange(start: PageFrameNumber(1 << 20), pageCount: 512))
      return host.subsystem
    }
    add(.oneNode, "two nodes have the same memory") {
      let host = try DamagedHost(nodes: 2)
      let nodes = host.subsystem.topology.nodes
      let memory = nodes[0].memory[nodes[0].memory.count - 1]
      nodes[1].ownMemory.insert(
        PageFrameNumber(memory.upperBound.rawValue - 1024)..<memory.upperBound)
      return host.subsystem
    }
    add(.managedTotal, "the total is not the sum of the zones") {
      let host = try DamagedHost()
      host.allocator.managedPageCount.wrappingAdd(1, ordering: .relaxed)
      return host.subsystem
    }
    add(.managedPages, "a zone manages a page too many") {
      let host = try DamagedHost()
      host.allocator.countManaged(1, in: host.lists(of: host.page.head).zone)
      return host.subsystem
    }
    add(.subsections, "a subsection with memory is not marked") {
      let host = try DamagedHost()
      let sections = host.subsystem.topology.sections
      sections.update(sections.number(of: host.page.head)) { $0.subsections &= ~2 }
      return host.subsystem
    }
    add(.heldFrameZone, "a frame in somebody's hand names another node") {
      let host = try DamagedHost()
      let frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      host.vmemmap.with(frame) { $0.flags ^= 1 << 54 }
      return host.subsystem
    }
    add(.headZone, "a head names another node") {
      let host = try DamagedHost()
      host.vmemmap.with(host.page.head) { $0.flags ^= 1 << 54 }
      return host.subsystem
    }
    add(.headMark, "a head is no longer marked as one") {
      let host = try DamagedHost()
      host.vmemmap.clear(host.vmemmap.format.head, at: host.page.head)
      return host.subsystem
    }
    add(.vmemmapBase, "the descriptors start between two alignments") {
      var format = PagingFormat.x86FourLevel
      format.vmemmapBase = format.vmemmapBase.advanced(byBytes: 2 << 20)
      return try DamagedHost(format: format, folds: false, pages: 0).subsystem
    }
    add(.descriptorWords, "a frame that is no memory has a mark") {
      let host = try DamagedHost()
      host.vmemmap.set(host.vmemmap.format.reserved, at: PageFrameNumber(0xa8))
      return host.subsystem
    }
    add(.descriptorWords, "a frame of the vmemmap has a link") {
      let host = try DamagedHost()
      let head = try need(host.tables.frame(mappedAt: host.address(ofPage: 0)))
      host.vmemmap.with(head) { $0.link = 1 << 40 }
      return host.subsystem
    }
    add(.badFrames, "a bad frame is not counted") {
      let host = try DamagedHost()
      let frame = try need(host.allocator.allocateFrame(on: NodeID(0)))
      host.vmemmap.set(host.vmemmap.format.hwpoison, at: frame)
      return host.subsystem
    }
  }
}
