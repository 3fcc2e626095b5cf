// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Memory that boot keeps together for gigantic pages.
struct ContiguousAreaPlan {
  let node: NodeID
  let frames: FrameRange
  /// The order of its slots.
  let order: PageOrder
  /// What lies before this frame is given away.
  var firstFree: PageFrameNumber
}

extension [ContiguousAreaPlan] {
  /// Takes the first slot of `order` that is left on `node`.
  ///
  /// - Linux: `cma_reserve_early()`.
  mutating func takeFirstSlot(_ order: PageOrder, on node: NodeID) -> PageFrameNumber? {
    guard
      let index = firstIndex(where: {
        $0.node == node && $0.order == order && $0.firstFree < $0.frames.upperBound
      })
    else { return nil }
    let slot = self[index].firstFree
    self[index].firstFree = PageFrameNumber(slot.rawValue + order.pageCount)
    return slot
  }
}

extension BootSequence {
  /// Keeps the memory that `hugetlb_cma=` asks for.
  ///
  /// - Linux: `hugetlb_cma_reserve()` (spec 06 section 12).
  mutating func reserveContiguousAreas() {
    let request = parameters.contiguousPool
    guard request.byteCount > 0, let order = giganticOrder else { return }
    if request.nodeByteCounts.isEmpty {
      spreadArea(request.byteCount, order)
    } else {
      for wanted in request.nodeByteCounts where wanted.byteCount > 0 {
        reserveArea(wanted, order)
      }
    }
    hugeTLB.usesContiguousAreasOnly.store(usesAreasOnly, ordering: .relaxed)
  }

  /// Whether gigantic pages come from contiguous areas or not at all.
  ///
  /// - Linux: `hugetlb_cma_validate_params()`: without an area the wish means nothing.
  var usesAreasOnly: Bool { parameters.contiguousPool.isExclusive && !areas.isEmpty }

  /// The smallest order that the page allocator's lists do not hold.
  private var giganticOrder: PageOrder? {
    format.hugePageOrders.first { $0 > format.maximumOrder }
  }

  private func byteCount(of order: PageOrder) -> UInt {
    order.pageCount << format.pageSize.shift
  }

  private mutating func reserveArea(
    _ wanted: ContiguousPoolRequest.NodeByteCount, _ order: PageOrder
  ) {
    let node = UInt(wanted.node.rawValue)
    guard configuration.layout.nodes.contains(wanted.node) else {
      return logArea("hugetlb_cma: invalid node ", node, " specified")
    }
    guard let size = wholePages(of: wanted.byteCount, order) else {
      return logBadSize(order, node: node)
    }
    takeArea(size, on: wanted.node, order)
  }

  private mutating func spreadArea(_ byteCount: UInt, _ order: PageOrder) {
    guard let total = wholePages(of: byteCount, order) else {
      return logBadSize(order, node: nil)
    }
    let unit = self.byteCount(of: order)
    let nodes = configuration.layout.nodes
    // The total is a multiple of the unit, so a share rounded up to one is not above it.
    let pages = total / unit
    let perNode = (pages - 1) / UInt(nodes.count) * unit + unit
    logShares(total, perNode: perNode)
    var left = total
    for node in nodes where left > 0 {
      let size = min(perNode, left)
      if takeArea(size, on: node, order) { left -= size }
    }
  }

  /// `byteCount` as whole gigantic pages; nil if this kernel refuses it.
  ///
  /// - Source: spec 06 section 12: old kernels round up what is at least one page.
  private func wholePages(of byteCount: UInt, _ order: PageOrder) -> UInt? {
    let unit = self.byteCount(of: order)
    let rest = byteCount % unit
    guard rest > 0 else { return byteCount }
    guard configuration.kernel.bootParameters.roundsContiguousSizes, byteCount > unit else {
      return nil
    }
    let (sum, overflow) = (byteCount - rest).addingReportingOverflow(unit)
    return overflow ? byteCount - rest : sum
  }

  private mutating func logBadSize(_ order: PageOrder, node: UInt?) {
    var line = TextSink()
    line.append("hugetlb_cma: cma area ")
    if let node {
      line.append("of node ")
      line.appendDecimal(node)
      line.append(byte: ASCII.space)
    }
    line.append(
      configuration.kernel.bootParameters.roundsContiguousSizes
        ? "should be at least " : "must be a multiple of ")
    line.appendDecimal(byteCount(of: order) >> 20)
    line.append(" MiB")
    log.append(line.bytes)
  }

  private mutating func logShares(_ total: UInt, perNode: UInt) {
    var line = TextSink()
    line.append("hugetlb_cma: reserve ")
    line.appendDecimal(total >> 20)
    line.append(" MiB, up to ")
    line.appendDecimal(perNode >> 20)
    line.append(" MiB per node")
    log.append(line.bytes)
  }

  @discardableResult
  private mutating func takeArea(
    _ byteCount: UInt, on node: NodeID, _ order: PageOrder
  ) -> Bool {
    let request = MemblockRequest(
      byteCount: byteCount, alignment: self.byteCount(of: order), placement: .exactly(node))
    guard let range = try? frames.memblock.allocate(request) else {
      logArea("hugetlb_cma: reservation failed: err -12, node ", UInt(node.rawValue), "")
      return false
    }
    let taken = format.pageSize.wholePages(in: range)
    areas.append(
      ContiguousAreaPlan(node: node, frames: taken, order: order, firstFree: taken.lowerBound))
    var line = TextSink()
    line.append("hugetlb_cma: reserved ")
    line.appendDecimal(byteCount >> 20)
    line.append(" MiB on node ")
    line.appendDecimal(UInt(node.rawValue))
    log.append(line.bytes)
    return true
  }

  private mutating func logArea(_ before: StaticString, _ number: UInt, _ after: StaticString) {
    var line = TextSink()
    line.append(before)
    line.appendDecimal(number)
    line.append(after)
    log.append(line.bytes)
  }
}
