// SPDX-License-Identifier: Apache-2.0

import TestSupport

@testable import KernelMemory

// Damage to folded descriptors (P-HVO).

extension DamageList {
  mutating func addFolding() {
    addMarks()
    addTailMappings()
    addTails()
  }

  private mutating func addMarks() {
    add(.unfoldedMapping, "the mark of a folded page is lost") {
      let host = try DamagedHost()
      host.subsystem.optimizer.setOptimized(false, host.page)
      return host.subsystem
    }
    add(.ownEntries, "a whole page is marked as folded") {
      let host = try DamagedHost(folds: false)
      host.subsystem.optimizer.setOptimized(true, host.page)
      return host.subsystem
    }
    add(.sharedTailExists, "a page is marked as folded before anything is") {
      let host = try DamagedHost(folds: false)
      try host.splitLeaf(at: host.address(ofPage: 0))
      host.subsystem.optimizer.setOptimized(true, host.page)
      return host.subsystem
    }
    add(.foldableOrder, "a page is marked as folded where none can be") {
      let host = try DamagedHost(kernel: .linux5_14, format: .arm64With4KPages)
      host.subsystem.optimizer.setOptimized(true, host.page)
      return host.subsystem
    }
    add(.selfHostedWhole, "a folded page's descriptors lie on the memory they describe") {
      let host = try DamagedHost(kernel: .linux6_1)
      let backing = try need(host.tables.frame(mappedAt: host.address(ofPage: 0)))
      host.vmemmap.set(host.vmemmap.format.selfHosted, at: backing)
      return host.subsystem
    }
  }

  private mutating func addTailMappings() {
    add(.sharedTailMapping, "a folded page shows the shared tail of another node") {
      let host = try DamagedHost(memory: 2 << 30, nodes: 2)
      let own = host.subsystem.topology.nodeID(of: host.page.head)
      var other: PageFrameNumber?
      host.subsystem.optimizer.tails.forEach { page, zone, _ in
        if zone.node != own { other = page }
      }
      let tail = host.format.pageSize.address(of: try need(other))
      host.setEntry(for: host.address(ofPage: 7), host.format.leaf(tail, at: 0, .readOnly))
      return host.subsystem
    }
    add(.ownTailMapping, "a 6.12 page's tail shows its neighbour's head page") {
      let host = try DamagedHost(kernel: .linux6_12)
      let second = try need(host.vmemmap.next(after: host.page.head))
      let other = host.frameAddress(behind: host.vmemmap.address(of: second))
      host.setEntry(for: host.address(ofPage: 7), host.format.leaf(other, at: 0, .readOnly))
      return host.subsystem
    }
    add(.tailReadOnly, "a folded tail can be written") {
      let host = try DamagedHost()
      let address = host.address(ofPage: 3)
      host.setEntry(for: address, host.format.leaf(host.frameAddress(behind: address), at: 0))
      return host.subsystem
    }
    add(.keptWritable, "what a folded page keeps cannot be written") {
      let host = try DamagedHost()
      let address = host.address(ofPage: 0)
      let frame = host.frameAddress(behind: address)
      host.setEntry(for: address, host.format.leaf(frame, at: 0, .readOnly))
      return host.subsystem
    }
    add(.wholeWritable, "descriptors of a whole page cannot be written") {
      let host = try DamagedHost()
      host.pool.resize(to: 3)
      let free = host.freeBlock(of: host.pool.order)
      let address = host.vmemmap.address(of: free.advanced(by: 128))
      let frame = host.frameAddress(behind: address)
      host.setEntry(for: address, host.format.leaf(frame, at: 0, .readOnly))
      return host.subsystem
    }
    add(.ownVmemmapFrame, "two vmemmap pages have one frame") {
      let host = try DamagedHost()
      host.pool.resize(to: 0)
      let free = host.freeBlock(of: host.pool.order)
      let (a, b) = (free.advanced(by: 128), free.advanced(by: 320))
      let frame = host.frameAddress(behind: host.vmemmap.address(of: a))
      host.setEntry(for: host.vmemmap.address(of: b), host.format.leaf(frame, at: 0))
      return host.subsystem
    }
    add(.freedSharedTail, "a shared tail is given back") {
      let host = try DamagedHost()
      let tail = try need(host.tables.frame(mappedAt: host.address(ofPage: 3)))
      host.allocator.freeFrame(tail)
      return host.subsystem
    }
  }

  private mutating func addTails() {
    add(.sharedTailContent, "a word changes in a shared tail") {
      let host = try DamagedHost()
      let tail = host.frameAddress(behind: host.address(ofPage: 3))
      unsafe host.machine.pointer(to: tail).storeBytes(of: 7, toByteOffset: 640, as: UInt64.self)
      return host.subsystem
    }
    for kernel in [KernelDesign.linux6_1, .linux7_2] {
      add(.tailHead, "a tail leads to another head, \(kernel.name)") {
        let host = try DamagedHost(kernel: kernel)
        host.vmemmap.with(host.page.head.advanced(by: 5)) { $0.link &+= 1 << 20 }
        return host.subsystem
      }
    }
    add(.tailHead, "a tail of a whole page leads to another head") {
      let host = try DamagedHost(folds: false)
      host.vmemmap.with(host.page.head.advanced(by: 400)) { $0.link &+= 1 << 20 }
      return host.subsystem
    }
    add(.tailZone, "a tail names another node") {
      let host = try DamagedHost()
      host.vmemmap.with(host.page.head.advanced(by: 9)) { $0.flags ^= 1 << 54 }
      return host.subsystem
    }
    add(.descriptorWords, "a tail is mapped by somebody") {
      let host = try DamagedHost()
      host.vmemmap.with(host.page.head.advanced(by: 9)) { $0.mapping = 0 }
      return host.subsystem
    }
  }
}
