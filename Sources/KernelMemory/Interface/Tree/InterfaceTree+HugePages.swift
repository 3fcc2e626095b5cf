// SPDX-License-Identifier: Apache-2.0

// /sys/kernel/mm/hugepages/hugepages-<KiB>kB, and the same below each node (spec 06 section 13).

extension InterfaceTree {
  static var poolEntries: [TreeEntry] {
    [
      .directory(
        .pools,
        [
          .file("demote", .pool(.demote)), .file("demote_size", .pool(.demotionSize)),
          .file("free_hugepages", .pool(.freePageCount)),
          .file("nr_hugepages", .pool(.pageCount)),
          .file("nr_hugepages_mempolicy", .pool(.pageCountByPolicy)),
          .file("nr_overcommit_hugepages", .pool(.overcommitLimit)),
          .file("resv_hugepages", .pool(.reservedPageCount)),
          .file("surplus_hugepages", .pool(.surplusPageCount)),
        ])
    ]
  }

  static var nodePoolEntries: [TreeEntry] {
    [
      .directory(
        .pools,
        [
          .file("demote", .nodePool(.demote)),
          .file("demote_size", .nodePool(.demotionSize)),
          .file("free_hugepages", .nodePool(.freePageCount)),
          .file("nr_hugepages", .nodePool(.pageCount)),
          .file("surplus_hugepages", .nodePool(.surplusPageCount)),
        ])
    ]
  }

  /// Pages are demoted only where there is a smaller size.
  func isPresent(_ file: PoolFile, pool index: Int) -> Bool {
    switch file {
    case .demote, .demotionSize: hugeTLB.pools[index].demotionOrder != nil
    default: true
    }
  }

  func append(_ file: PoolFile, pool index: Int, to sink: inout TextSink) {
    let pool = hugeTLB.pools[index]
    appendValue(of: file, pool, counts: hugeTLB.lock.withLock { pool.counts }, to: &sink)
  }

  func append(_ file: PoolFile, pool index: Int, node: Int, to sink: inout TextSink) {
    let pool = hugeTLB.pools[index]
    let counts = hugeTLB.lock.withLock { pool.parts[node].counts }
    appendValue(of: file, pool, counts: counts, to: &sink)
  }

  private func appendValue(
    of file: PoolFile, _ pool: HugePagePool, counts: HugePageCounts, to sink: inout TextSink
  ) {
    switch file {
    case .pageCount, .pageCountByPolicy: sink.appendDecimal(counts.pageCount)
    case .overcommitLimit:
      sink.appendDecimal(hugeTLB.lock.withLock { pool.overcommitLimit })
    case .freePageCount: sink.appendDecimal(counts.freePageCount)
    case .reservedPageCount: sink.appendDecimal(counts.reservedPageCount)
    case .surplusPageCount: sink.appendDecimal(counts.surplusPageCount)
    case .demotionSize:
      let order = hugeTLB.lock.withLock { pool.demotionOrder } ?? .page
      sink.appendDecimal(kibibytes(order.pageCount))
      sink.append("kB")
    case .demote: return
    }
    sink.newline()
  }

  /// Does what a write to a file of a pool asks for; `scope` says on which nodes.
  ///
  /// The writer has no memory policy, so "by policy" is everywhere.
  func store(
    _ text: ArraySlice<UInt8>, to file: PoolFile, pool index: Int, _ scope: ResizeScope
  ) throws(InterfaceError) {
    let pool = hugeTLB.pools[index]
    switch file {
    case .pageCount, .pageCountByPolicy: pool.resize(to: try number(text), scope)
    case .overcommitLimit:
      try setOvercommitLimit(of: pool) { () throws(InterfaceError) in try number(text) }
    case .demote: try demote(try number(text), of: pool, scope)
    case .demotionSize: try setDemotionSize(text, of: pool)
    case .freePageCount, .reservedPageCount, .surplusPageCount: throw .access
    }
  }

  private func number(_ text: ArraySlice<UInt8>) throws(InterfaceError) -> UInt {
    do throws(NumberError) {
      return try Parsing.sysfsUnsigned(text)
    } catch {
      throw InterfaceError(error)
    }
  }

  /// Sets the limit of surplus pages, after the question whether the pool may have one at all.
  func setOvercommitLimit(
    of pool: HugePagePool, _ limit: () throws(InterfaceError) -> UInt
  ) throws(InterfaceError) {
    guard pool.allowsOvercommit else { throw .invalid }
    let limit = try limit()
    guard (try? pool.setOvercommitLimit(limit)) != nil else { throw .invalid }
  }

  private func demote(
    _ count: UInt, of pool: HugePagePool, _ scope: ResizeScope
  ) throws(InterfaceError) {
    var position: Int?
    if case .node(let node) = scope { position = node }
    do throws(DemoteError) {
      try pool.demote(count, on: position)
    } catch {
      switch error {
      case .outOfMemory: throw .outOfMemory
      case .busy: throw .busy
      }
    }
  }

  /// Takes a size with an optional suffix; what follows it is nobody's business.
  private func setDemotionSize(
    _ text: ArraySlice<UInt8>, of pool: HugePagePool
  ) throws(InterfaceError) {
    let size = Parsing.memorySize(text)
    guard !size.overflowed, (try? pool.setDemotionOrder(size.byteCount)) != nil else {
      throw .invalid
    }
  }
}

extension HugePagePool {
  /// Whether a limit of surplus pages can be set.
  ///
  /// - Source: spec 06 section 13.
  var allowsOvercommit: Bool { !isGigantic || hugeTLB.policy.allowsGiganticOvercommit }
}
