// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import KernelMemory

@Suite struct `Mappings of huge pages` {
  @Test func `touching a page twice takes one page`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 2)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 2, manner: .noReserve)
    try mapping.touch(1)
    try mapping.touch(1)
    #expect(mapping.touchedPageCount == 1)
    #expect(mapping.folio(at: 0) == nil)
    let folio = try #require(mapping.folio(at: 1))
    #expect(host.vmemmap.references(to: folio.head) == 1)
    try mapping.touch(0)
    #expect(mapping.folio(at: 1) == folio)
    mapping.release()
    host.check()
  }

  @Test func `a page outside the mapping is not touched`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 2)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    #expect(throws: FaultError.outOfBounds) { try mapping.touch(1) }
    mapping.release()
    host.check()
  }

  @Test func `releasing twice gives back once`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 3)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 2, manner: .reserve)
    try mapping.touch(0)
    mapping.release()
    mapping.release()
    host.check()
    #expect(host.pool.counts == counts(nr: 3, free: 3))
  }

  @Test func `a page that never came to stay renews its promise`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 2)
    try host.pool.reserve(1)
    let head = try #require(host.pool.allocatePage(.reserved))
    #expect(host.pool.counts == counts(nr: 2, free: 1))
    host.pool.dropReference(to: head)
    host.check()
    #expect(host.pool.counts == counts(nr: 2, free: 2, reserved: 1))
    host.pool.unreserve(1)
    host.check()
  }

  @Test func `somebody else's reference keeps a page in use`() throws {
    let host = try PoolHost()
    host.pool.resize(to: 1)
    let mapping = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    try mapping.touchAll()
    let head = try #require(mapping.folio(at: 0)).head
    #expect(host.vmemmap.takeReferenceUnlessZero(head))
    mapping.release()
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 0))
    host.pool.dropReference(to: head)
    host.check()
    #expect(host.pool.counts == counts(nr: 1, free: 1))
  }

  @Test func `the local node's pages go first`() throws {
    let host = try PoolHost(nodes: 2)
    host.pool.resize(to: 2, .node(0))
    host.pool.resize(to: 2, .node(1))
    let mapping = try HugeMapping(pool: host.pool, pageCount: 3, manner: .reserve)
    try mapping.touchAll()
    host.check()
    #expect(host.pool.parts[0].counts == counts(nr: 2, free: 0))
    #expect(host.pool.parts[1].counts == counts(nr: 2, free: 1))
    mapping.release()
    host.check()
  }

  @Test func `a dropped mapping traps`() async {
    await #expect(processExitsWith: .failure) {
      let host = try PoolHost()
      host.pool.resize(to: 1)
      _ = try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    }
  }

  @Test func `a mapping that could not be made need not be released`() throws {
    let host = try PoolHost()
    #expect(throws: MappingError.outOfMemory) {
      try HugeMapping(pool: host.pool, pageCount: 1, manner: .reserve)
    }
    host.check()
  }
}
