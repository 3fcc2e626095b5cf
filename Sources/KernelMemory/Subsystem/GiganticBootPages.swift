// SPDX-License-Identifier: Apache-2.0

/// A gigantic page that the boot allocator set aside for a pool.
struct GiganticBootPage {
  let folio: Folio
  let node: NodeID
  /// Whether its descriptors are mapped folded from the start.
  var isFolded = false
}

/// Sets gigantic pages aside before there is a page allocator that could be asked for such.
///
/// - Linux: `alloc_bootmem_huge_page()` (spec 06 section 12).
struct GiganticBootPages {
  private(set) var pages: [GiganticBootPage] = []
  private var rotation = NodeRotation()

  /// Takes the pages of one size that `request` wants, as far as memory goes.
  mutating func allocate(
    _ request: HugePageRequest, order: PageOrder, from frames: BootFrames, layout: NodeLayout
  ) {
    let nodes = layout.nodes
    guard request.nodeCounts.isEmpty else {
      for wanted in request.nodeCounts {
        guard let position = nodes.firstIndex(of: wanted.node) else { continue }
        let mask = NodeMask(only: position, nodeCount: nodes.count)
        allocate(wanted.count, order: order, mask, from: frames, nodes: nodes)
      }
      return
    }
    let mask = NodeMask(nodeCount: nodes.count) {
      frames.memblock.presentPageCount(on: nodes[$0]) > 0
    }
    allocate(request.count, order: order, mask, from: frames, nodes: nodes)
  }

  private mutating func allocate(
    _ count: UInt, order: PageOrder, _ mask: NodeMask, from frames: BootFrames, nodes: [NodeID]
  ) {
    var left = count
    while left > 0, allocateOne(order: order, mask, from: frames, nodes: nodes) { left -= 1 }
  }

  private mutating func allocateOne(
    order: PageOrder, _ mask: NodeMask, from frames: BootFrames, nodes: [NodeID]
  ) -> Bool {
    let size = frames.memblock.pageSize
    let bytes = order.pageCount << size.shift
    for _ in 0..<mask.count {
      guard let position = rotation.takeTurn(in: mask) else { return false }
      let request = MemblockRequest(
        byteCount: bytes, alignment: bytes, placement: .exactly(nodes[position]))
      guard let range = try? frames.memblock.allocate(request) else { continue }
      let head = size.frame(containing: range.lowerBound)
      pages.append(
        GiganticBootPage(folio: Folio(head: head, order: order), node: nodes[position]))
      return true
    }
    return false
  }

  /// Marks the page at `index` as mapped folded.
  mutating func setFolded(_ index: Int) { pages[index].isFolded = true }

  /// Gives back pages that lie in more than one zone, and returns how many there were.
  mutating func discardPagesAcrossZones(
    of order: PageOrder, in topology: MemoryTopology, to frames: BootFrames
  ) -> Int {
    let before = pages.count
    for page in pages where page.folio.order == order && !page.folio.isInOneZone(topology) {
      frames.free(page.folio.frames)
    }
    pages.removeAll { $0.folio.order == order && !$0.folio.isInOneZone(topology) }
    return before - pages.count
  }
}

extension Folio {
  /// Whether all frames belong to the same zone.
  func isInOneZone(_ topology: MemoryTopology) -> Bool {
    guard let zone = topology.zone(of: head) else { return false }
    return frames.upperBound <= zone.span.upperBound
  }
}
