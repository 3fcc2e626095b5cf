// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `Whole free sections` {
  private let node = NodeID(0)
  private let section = PageOrder(15)

  private func freeSections(_ host: AllocatorHost, _ kind: ZoneKind = .dma32) -> [UInt] {
    let lists = host.lists(kind)
    return (0..<lists.freeSections.bitCount).filter { lists.freeSections[$0] }
      .map { lists.firstSection.rawValue + UInt($0) }
  }

  private func frames(of number: UInt) -> FrameRange {
    FrameRange(start: PageFrameNumber(number << 15), pageCount: section.pageCount)
  }

  @Test func `memory that nobody needed is whole sections, without a descriptor written`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    // The first section holds what boot always reserves, the last one the vmemmap.
    #expect(freeSections(host) == [1, 2, 3, 4, 5, 6])
    for number in 1...6 as ClosedRange<UInt> {
      for pfn in [0, 1, 512, 32_767] {
        #expect(host.vmemmap.isBlank(frames(of: number).lowerBound.advanced(by: pfn)))
      }
    }
  }

  @Test func `the lowest one is opened first, and only when the lists run dry`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let opened = freeSections(host)
    var held: UInt = 0
    while freeSections(host).count == opened.count {
      _ = try #require(host.allocator.allocateBlock(PageOrder(10), on: node, [.movable]))
      held += 1024
    }
    #expect(freeSections(host) == [2, 3, 4, 5, 6])
    host.check(holding: held)
    let lists = host.lists(.dma32)
    #expect(lists.blockCount(PageOrder(10), .movable) == 31)
  }

  @Test func `an opened section is cut into blocks of the largest order, lowest first`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let lists = host.lists(.dma32)
    lists.lock.withLock { host.allocator.openSection(SectionNumber(3), in: lists) }
    #expect(freeSections(host) == [1, 2, 4, 5, 6])
    for index in 0..<32 {
      let head = frames(of: 3).lowerBound.advanced(by: index * 1024)
      #expect(host.vmemmap.freeBlockOrder(at: head) == PageOrder(10))
    }
    host.check()
  }

  @Test func `a run over a section makes it whole again, blocks one by one do not`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let lists = host.lists(.dma32)
    #expect(host.allocator.takeRange(frames(of: 4), from: lists))
    #expect(freeSections(host) == [1, 2, 3, 5, 6])
    host.check(holding: 1 << 15)
    host.allocator.freeRun(frames(of: 4))
    #expect(freeSections(host) == [1, 2, 3, 4, 5, 6])
    host.check()

    #expect(host.allocator.takeRange(frames(of: 4), from: lists))
    for index in 0..<32 {
      host.allocator.freeRun(
        FrameRange(start: frames(of: 4).lowerBound.advanced(by: index * 1024), pageCount: 1024))
    }
    #expect(freeSections(host) == [1, 2, 3, 5, 6])
    host.check()
    // Either way all of it can be had.
    #expect(host.allocator.takeRange(frames(of: 4), from: lists))
    host.check(holding: 1 << 15)
  }

  @Test func `a run over several sections and parts of others makes the inner ones whole`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let lists = host.lists(.dma32)
    for number in 2...5 as ClosedRange<UInt> {
      #expect(host.allocator.takeRange(frames(of: number), from: lists))
    }
    let run =
      frames(of: 2).lowerBound.advanced(by: 100)..<frames(of: 5).upperBound.advanced(by: -100)
    host.allocator.freeRun(run)
    #expect(freeSections(host) == [1, 3, 4, 6])
    host.check(holding: 200)
    host.allocator.freeRun(frames(of: 2).lowerBound..<run.lowerBound)
    host.allocator.freeRun(run.upperBound..<frames(of: 5).upperBound)
    #expect(freeSections(host) == [1, 3, 4, 6])
    host.check()
  }

  @Test func `a section with memory for contiguous allocation, or isolated, is never one bit`()
    throws
  {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let lists = host.lists(.dma32)
    let sections = host.topology.sections
    #expect(host.allocator.takeRange(frames(of: 2), from: lists))
    #expect(host.allocator.takeRange(frames(of: 3), from: lists))
    sections.setMigrateType(.cma, of: frames(of: 2).lowerBound)
    sections.setIsolated(true, of: frames(of: 3).lowerBound.advanced(by: 5 * 512))
    host.allocator.freeRun(frames(of: 2).lowerBound..<frames(of: 3).upperBound)
    #expect(freeSections(host) == [1, 4, 5, 6])
    host.check(holding: 512, isIsolating: true)
  }

  @Test func `pageblocks of different types do not get mixed up when a section is opened`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let lists = host.lists(.dma32)
    #expect(host.allocator.takeRange(frames(of: 1), from: lists))
    host.topology.sections.setMigrateType(.unmovable, of: frames(of: 1).lowerBound)
    host.topology.sections.setMigrateType(
      .reclaimable, of: frames(of: 1).lowerBound.advanced(by: 512 * 7))
    host.allocator.freeRun(frames(of: 1))
    host.check()
    lists.lock.withLock { host.allocator.openSection(SectionNumber(1), in: lists) }
    host.check()
    var held: UInt = 0
    for _ in 0..<100 {
      _ = try #require(host.allocator.allocateBlock(PageOrder(9), on: node, [.movable]))
      held += 512
    }
    host.check(holding: held)
  }

  @Test func `files count a free section as blocks of the largest order`() throws {
    let host = AllocatorHost(try TestHost(memory: 1 << 30))
    let before = largestBlocks(of: host)
    let lists = host.lists(.dma32)
    lists.lock.withLock { host.allocator.openSection(SectionNumber(2), in: lists) }
    #expect(largestBlocks(of: host) == before)
    host.check()
  }

  /// The last column of the DMA32 line of `/proc/buddyinfo`.
  private func largestBlocks(of host: AllocatorHost) -> String? {
    let text = try? InterfaceTree(host.host.subsystem).read(Array("/proc/buddyinfo".utf8)[...])
    let lines = String(decoding: text ?? [], as: UTF8.self).split(separator: "\n")
    return lines.first { $0.contains("DMA32") }?.split(separator: " ").last.map(String.init)
  }
}
