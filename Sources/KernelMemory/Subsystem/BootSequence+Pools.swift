// SPDX-License-Identifier: Apache-2.0

import Synchronization

extension BootSequence {
  /// Makes an empty pool for each size of the architecture.
  func addPools() {
    for order in format.hugePageOrders { hugeTLB.addPool(order: order) }
    hugeTLB.setDefaultPool(order: order(ofBytes: requests.defaultByteCount))
  }

  private func order(ofBytes byteCount: UInt) -> PageOrder {
    PageOrder(holding: byteCount >> format.pageSize.shift)
  }

  /// Sets the gigantic pages of all pools aside, unless contiguous memory was kept for them.
  mutating func setGiganticPagesAside() {
    if skipsGiganticPages {
      let sizes = requests.sizes.map { order(ofBytes: $0.byteCount) }
      guard sizes.contains(where: { $0 > format.maximumOrder }) else { return }
      log.append(
        ("HugeTLB: hugetlb_cma is enabled, skip boot time allocation" as StaticString).bytes)
      return
    }
    for request in requests.giganticRequests where !request.isEmpty { setAside(request) }
  }

  /// Whether gigantic pages are left to whoever asks for them when all is up.
  ///
  /// - Linux: `hugetlb_hstate_alloc_pages()`.
  private var skipsGiganticPages: Bool { !areas.isEmpty && !usesAreasOnly }

  private mutating func setAside(_ request: HugePageRequest) {
    let order = order(ofBytes: request.byteCount)
    let layout = configuration.layout
    guard areas.isEmpty else {
      var areas = areas
      gigantic.allocate(
        request, order: order, layout: layout, from: frames, origin: .contiguousArea
      ) { node in
        areas.takeFirstSlot(order, on: node)
      }
      self.areas = areas
      return
    }
    let bytes = request.byteCount
    let frames = frames
    gigantic.allocate(request, order: order, layout: layout, from: frames) { node in
      let wish = MemblockRequest(byteCount: bytes, alignment: bytes, placement: .exactly(node))
      return (try? frames.memblock.allocate(wish)).map {
        frames.memblock.pageSize.frame(containing: $0.lowerBound)
      }
    }
  }

  /// Fills the pools as the command line wants.
  mutating func fillPools() {
    gatherGiganticPages()
    for request in requests.sizes {
      guard let pool = hugeTLB.pool(for: order(ofBytes: request.byteCount)) else { continue }
      // Gigantic pages may have been set aside for a count that was refused later.
      guard !request.isEmpty || pool.isGigantic else { continue }
      if !pool.isGigantic { grow(pool, to: request) }
      if !pool.isGigantic || !skipsGiganticPages { reportShortfall(of: pool, request) }
      let count = pool.counts.pageCount
      hugeTLB.lock.withLock { pool.target = count }
    }
  }

  private func grow(_ pool: HugePagePool, to request: HugePageRequest) {
    guard !request.nodeCounts.isEmpty else { return pool.resize(to: request.count) }
    for wanted in request.nodeCounts {
      guard let position = topology.position(of: wanted.node) else { continue }
      pool.resize(to: wanted.count, .node(position))
    }
  }

  /// Brings the gigantic pages that were set aside under management and into their pools.
  ///
  /// A page without descriptors, because memory was short, is lost to everybody.
  ///
  /// - Linux: `gather_bootmem_prealloc()`.
  private func gatherGiganticPages() {
    for pool in hugeTLB.pools where pool.isGigantic {
      var fresh = FrameList()
      for page in gigantic.pages
      where page.folio.order == pool.order && hasDescriptors(page.folio) {
        guard let zone = topology.zone(of: page.folio.head) else { continue }
        allocator.countManaged(page.folio.order.pageCount, in: zone)
        pool.prepare(page.folio.head)
        if page.origin == .contiguousArea {
          vmemmap.insertHugePageMarks(.contiguousArea, at: page.folio.head)
        }
        if page.isFolded { optimizer.setOptimized(true, page.folio) }
        vmemmap.pushBack(page.folio.head, on: &fresh)
        if fresh.count >= pool.chunkLength { pool.addNewPages(&fresh) }
      }
      pool.addNewPages(&fresh)
    }
  }

  /// Whether the sections of `folio` are all described.
  private func hasDescriptors(_ folio: Folio) -> Bool {
    let sections = topology.sections
    let last = sections.number(of: folio.frames.upperBound.advanced(by: -1)).rawValue
    return (sections.number(of: folio.head).rawValue...last).allSatisfy {
      sections[SectionNumber($0)].marks.contains(.hasMap)
    }
  }

  // MARK: What boot says

  private mutating func reportShortfall(of pool: HugePagePool, _ request: HugePageRequest) {
    guard !request.nodeCounts.isEmpty else {
      if pool.counts.pageCount < request.count {
        logShortfall(wanted: request.count, pool, node: nil, got: pool.counts.pageCount)
      }
      return
    }
    for wanted in request.nodeCounts {
      guard let position = topology.position(of: wanted.node) else { continue }
      let got = pool.parts[position].counts.pageCount
      if got < wanted.count {
        logShortfall(wanted: wanted.count, pool, node: wanted.node, got: got)
      }
    }
  }

  private mutating func logShortfall(
    wanted: UInt, _ pool: HugePagePool, node: NodeID?, got: UInt
  ) {
    var line = TextSink()
    line.append("HugeTLB: allocating ")
    line.appendDecimal(wanted)
    line.append(" of page size ")
    line.appendBinarySize(pool.byteCount)
    line.append(" failed")
    if let node {
      line.append(" node")
      line.appendDecimal(UInt(node.rawValue))
    }
    line.append(".  Only allocated ")
    line.appendDecimal(got)
    line.append(" hugepages.")
    log.append(line.bytes)
  }

  /// Says what the pools hold and what folding their pages gives back.
  mutating func reportPools() {
    for request in requests.sizes {
      guard let pool = hugeTLB.pool(for: order(ofBytes: request.byteCount)) else { continue }
      var line = TextSink()
      line.append("HugeTLB: registered ")
      line.appendBinarySize(pool.byteCount)
      line.append(" page size, pre-allocated ")
      line.appendDecimal(pool.counts.pageCount)
      line.append(" pages")
      log.append(line.bytes)
      line = TextSink()
      line.append("HugeTLB: ")
      line.appendDecimal(pool.savedByteCount >> 10)
      line.append(" KiB vmemmap can be freed for a ")
      line.appendBinarySize(pool.byteCount)
      line.append(" page")
      log.append(line.bytes)
    }
  }
}
