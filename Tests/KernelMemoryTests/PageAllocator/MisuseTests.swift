// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Memory that is given back wrongly stops the kernel at once: nobody could say later who did it.
@Suite struct `Giving back what is not one's own` {
  @Test func `a frame given back twice traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      let pfn = try #require(allocator.allocateFrame(on: NodeID(0)))
      allocator.freeFrame(pfn)
      allocator.freeFrame(pfn)
    }
  }

  @Test func `a block given back twice traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      let pfn = try #require(allocator.allocateBlock(PageOrder(5), on: NodeID(0), [.movable]))
      allocator.freeBlock(pfn, PageOrder(5))
      allocator.freeBlock(pfn, PageOrder(5))
    }
  }

  @Test func `a block that a CPU keeps, given back once more, traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      let pfn = try #require(allocator.allocateBlock(PageOrder(2), on: NodeID(0), [.movable]))
      allocator.freeBlock(pfn, PageOrder(2))
      allocator.freeBlock(pfn, PageOrder(2))
    }
  }

  @Test func `a block that somebody still refers to traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      let pfn = try #require(allocator.allocateFrame(on: NodeID(0)))
      allocator.freeBlock(pfn, .page)
    }
  }

  @Test func `a block given back as a larger one that cannot start there traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      _ = allocator.allocateBlock(.page, on: NodeID(0), [.movable])
      let pfn = try #require(allocator.allocateBlock(.page, on: NodeID(0), [.movable]))
      allocator.freeBlock(pfn, PageOrder(1))
    }
  }

  @Test(.enabled(if: isDebugBuild))
  func `a block given back as a larger one, half of which is free, traps in debug builds`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      let pfn = try #require(allocator.allocateBlock(PageOrder(4), on: NodeID(0), [.movable]))
      allocator.freeBlock(pfn, PageOrder(7))
    }
  }

  /// Its descriptors were never written: they look like those of memory in somebody's hand.
  @Test(.enabled(if: isDebugBuild))
  func `a block of a section that is free as a whole traps in debug builds`() async {
    await #expect(processExitsWith: .failure) {
      let host = AllocatorHost(try TestHost(memory: 1 << 30))
      let section = SectionNumber(3)
      try #require(host.allocator.isFreeSection(section, in: host.lists(.dma32)))
      let block = host.topology.sections.frames(of: section).lowerBound
      host.allocator.freeBlock(block, PageOrder(10))
    }
  }

  @Test func `memory that is none traps`() async {
    await #expect(processExitsWith: .failure) {
      let allocator = try TestHost(memory: 64 << 20).subsystem.allocator
      allocator.freeBlock(PageFrameNumber(1 << 30), .page)
    }
  }

  @Test func `a reference that nobody has is not dropped`() async {
    await #expect(processExitsWith: .failure) {
      let vmemmap = try TestHost(memory: 64 << 20).subsystem.vmemmap
      _ = vmemmap.dropReference(PageFrameNumber(10_000))
    }
  }

  @Test func `what comes back in parts, or in runs, is no mistake`() throws {
    let host = try AllocatorHost()
    let order = PageOrder(6)
    let pfn = try #require(host.allocator.allocateBlock(order, on: NodeID(0), [.movable]))
    for index in 0..<32 { host.allocator.freeBlock(pfn.advanced(by: index * 2), PageOrder(1)) }
    host.check()
    host.allocator.drainCPULists()
    host.check()
    let again = try #require(host.allocator.allocateBlock(order, on: NodeID(0), [.movable]))
    host.allocator.freeRun(FrameRange(start: again, pageCount: 64))
    host.check()
  }
}

/// Whether assertions are checked.
private var isDebugBuild: Bool {
  var isDebug = false
  assert(
    {
      isDebug = true; return true
    }())
  return isDebug
}
