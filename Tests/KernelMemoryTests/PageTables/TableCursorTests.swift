// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

@Suite struct `A cursor over last-level tables` {
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

    func page(_ number: UInt) -> VirtualAddress { address.advanced(byBytes: number << 12) }
  }

  @Test func `knows what the table maps, and finds its entries`() throws {
    let room = try Room()
    for page in [UInt(0), 511, 512] {
      try room.tables.mapPage(
        at: room.page(page), to: PageFrameNumber(100 + page), .readWrite, from: room.source)
    }
    var cursor = TableCursor()
    #expect(cursor.addresses.isEmpty)
    for page in [UInt(511), 0, 512, 0] {
      let frame = cursor.frame(mappedAt: room.page(page), in: room.tables)
      #expect(frame == PageFrameNumber(100 + page))
      let first = page / 512 * 512
      #expect(cursor.addresses == room.page(first)..<room.page(first + 512))
    }
    #expect(cursor.frame(mappedAt: room.page(1), in: room.tables) == nil)
  }

  @Test func `finds no table under a huge leaf, and yet the frame`() throws {
    let room = try Room()
    try room.tables.mapBlock(at: room.address, to: PageFrameNumber(512), from: room.source)
    var cursor = TableCursor()
    let table = cursor.table(for: room.page(3), in: room.tables)
    #expect(table == nil)
    #expect(cursor.addresses.isEmpty)
    #expect(cursor.frame(mappedAt: room.page(3), in: room.tables) == PageFrameNumber(515))
  }
}
