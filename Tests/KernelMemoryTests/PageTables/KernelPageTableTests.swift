// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Mapping single pages, and counting what is mapped.
@Suite struct `Kernel page tables` {
  private struct Room {
    let host: TestHost
    let address: VirtualAddress

    init() throws {
      host = try TestHost(memory: 256 << 20)
      address = host.subsystem.format.vmallocRange.lowerBound.rounded(downToBytes: 1 << 30)
        .advanced(byBytes: 1 << 30)
    }

    var tables: KernelPageTables { host.subsystem.tables }

    var source: RuntimeTables {
      RuntimeTables(
        allocator: host.subsystem.allocator, accounting: host.subsystem.accounting,
        node: NodeID(0))
    }

    func map(_ page: UInt, to frame: PageFrameNumber) throws {
      try tables.mapPage(
        at: address.advanced(byBytes: page << 12), to: frame, .readWrite, from: source)
    }

    var written: UInt { host.machine.cost.reading.entriesWritten }
  }

  @Test func `a page costs its entry, and the tables above it that were not there`() throws {
    let room = try Room()
    let before = room.written
    try room.map(0, to: PageFrameNumber(1))
    let first = room.written
    try room.map(1, to: PageFrameNumber(2))
    #expect(room.written == first + 1)
    #expect(first - before >= 3)
  }

  @Test func `a block costs its entry`() throws {
    let room = try Room()
    let block: UInt = 2 << 20
    try room.tables.mapBlock(at: room.address, to: PageFrameNumber(512), from: room.source)
    let before = room.written
    try room.tables.mapBlock(
      at: room.address.advanced(byBytes: block), to: PageFrameNumber(1024), from: room.source)
    #expect(room.written == before + 1)
  }

  @Test func `frames that are mapped most often are told first, whatever their numbers`() throws {
    let room = try Room()
    for (page, frame) in [7, 8, 7, 9, 8, 8, 6, 6].enumerated() {
      try room.map(UInt(page), to: PageFrameNumber(UInt(frame)))
    }
    let census = room.tables.census(
      of: room.address..<room.address.advanced(byBytes: 8 << 12))
    #expect(
      census.sharedFrames == [
        .init(mappingCount: 3, frameCount: 1), .init(mappingCount: 2, frameCount: 2),
      ])
    #expect(census.entryCount == 8 && census.savedPageCount == 4)
    #expect(census.entryTableCount == 1 && census.hugeLeafCount == 0)
  }
}
