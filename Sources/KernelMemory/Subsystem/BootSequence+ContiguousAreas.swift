// SPDX-License-Identifier: Apache-2.0

/// Memory that boot keeps together for gigantic pages.
struct ContiguousAreaPlan {
  let node: NodeID
  let frames: FrameRange
}

extension BootSequence {
  /// Keeps the memory that `hugetlb_cma=` asks for.
  ///
  /// - Linux: `hugetlb_cma_reserve()` (spec 06 section 12).
  mutating func reserveContiguousAreas() {
    let request = parameters.contiguousPool
    guard request.byteCount > 0, let unit = giganticByteCount else { return }
    if request.nodeByteCounts.isEmpty {
      spreadArea(request.byteCount, unit: unit)
    } else {
      for wanted in request.nodeByteCounts { reserveArea(wanted, unit: unit) }
    }
  }

  /// The smallest size that the page allocator's lists do not hold.
  private var giganticByteCount: UInt? {
    format.hugePageOrders.first { $0 > format.maximumOrder }
      .map { $0.pageCount << format.pageSize.shift }
  }

  private mutating func reserveArea(
    _ wanted: ContiguousPoolRequest.NodeByteCount, unit: UInt
  ) {
    guard configuration.layout.nodes.contains(wanted.node) else {
      return logArea("hugetlb_cma: invalid node ", UInt(wanted.node.rawValue), " specified")
    }
    guard wanted.byteCount % unit == 0 else {
      var line = TextSink()
      line.append("hugetlb_cma: cma area of node ")
      line.appendDecimal(UInt(wanted.node.rawValue))
      line.append(" must be a multiple of ")
      line.appendDecimal(unit >> 20)
      line.append(" MiB")
      return log.append(line.bytes)
    }
    takeArea(wanted.byteCount, on: wanted.node, unit: unit)
  }

  private mutating func spreadArea(_ byteCount: UInt, unit: UInt) {
    guard byteCount % unit == 0 else {
      return logArea("hugetlb_cma: cma area must be a multiple of ", unit >> 20, " MiB")
    }
    let nodes = configuration.layout.nodes
    let share = (byteCount + UInt(nodes.count) - 1) / UInt(nodes.count)
    let perNode = (share + unit - 1) / unit * unit
    logArea("hugetlb_cma: reserve ", byteCount >> 20, " MiB")
    var left = byteCount
    for node in nodes where left > 0 {
      let size = min(perNode, left)
      if takeArea(size, on: node, unit: unit) { left -= size }
    }
  }

  @discardableResult
  private mutating func takeArea(_ byteCount: UInt, on node: NodeID, unit: UInt) -> Bool {
    let request = MemblockRequest(
      byteCount: byteCount, alignment: unit, placement: .exactly(node))
    guard byteCount > 0, let range = try? frames.memblock.allocate(request) else {
      logArea("hugetlb_cma: reservation failed: err -12, node ", UInt(node.rawValue), "")
      return false
    }
    areas.append(ContiguousAreaPlan(node: node, frames: format.pageSize.wholePages(in: range)))
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
