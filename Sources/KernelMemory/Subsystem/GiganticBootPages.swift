// SPDX-License-Identifier: Apache-2.0

/// A gigantic page that the boot allocator set aside for a pool.
struct GiganticBootPage {
  let folio: Folio
  let node: NodeID
  /// Where it came from.
  var origin = Origin.bootMemory
  /// Whether its descriptors are mapped folded from the start.
  var isFolded = false

  /// Where such a page can come from.
  enum Origin {
    /// The boot allocator: the page joins the page allocator's memory with its pool.
    case bootMemory
    /// Memory kept by `hugetlb_cma=`, to which it returns.
    case contiguousArea
  }
}

/// Sets gigantic pages aside before there is a page allocator that could be asked for such.
///
/// - Linux: `alloc_bootmem_huge_page()` (spec 06 section 12).
struct GiganticBootPages {
  private(set) var pages: [GiganticBootPage] = []
  private var rotation = NodeRotation()

  /// Takes the pages of one size that `request` wants, as far as memory goes.
  ///
  /// - Parameter take: takes one page of `order` on a node, if there is one.
  mutating func allocate(
    _ request: HugePageRequest, order: PageOrder, layout: NodeLayout, from frames: BootFrames,
    origin: GiganticBootPage.Origin = .bootMemory, take: (NodeID) -> PageFrameNumber?
  ) {
    let nodes = layout.nodes
    func allocate(_ count: UInt, _ mask: NodeMask) {
      var left = count
      while left > 0, let page = takeOne(order: order, mask, nodes: nodes, take) {
        pages.append(GiganticBootPage(folio: page.folio, node: page.node, origin: origin))
        left -= 1
      }
    }
    guard request.nodeCounts.isEmpty else {
      for wanted in request.nodeCounts {
        guard let position = nodes.firstIndex(of: wanted.node) else { continue }
        allocate(wanted.count, NodeMask(only: position, nodeCount: nodes.count))
      }
      return
    }
    let mask = NodeMask(nodeCount: nodes.count) {
      frames.memblock.presentPageCount(on: nodes[$0]) > 0
    }
    allocate(request.count, mask)
  }

  /// Takes one page on the node whose turn it is, or on the next that has one.
  private mutating func takeOne(
    order: PageOrder, _ mask: NodeMask, nodes: [NodeID], _ take: (NodeID) -> PageFrameNumber?
  ) -> GiganticBootPage? {
    for _ in 0..<mask.count {
      guard let position = rotation.takeTurn(in: mask) else { return nil }
      guard let head = take(nodes[position]) else { continue }
      return GiganticBootPage(folio: Folio(head: head, order: order), node: nodes[position])
    }
    return nil
  }

  /// Marks the page at `index` as mapped folded.
  mutating func setFolded(_ index: Int) { pages[index].isFolded = true }

  /// Where the pages that came from the contiguous area of `frames` start, ascending.
  func heads(in frames: FrameRange) -> [PageFrameNumber] {
    pages.filter { $0.origin == .contiguousArea && frames.contains($0.folio.head) }
      .map { $0.folio.head }.sorted()
  }

  /// Gives back pages that lie in more than one zone, and returns how many there were.
  ///
  /// Those of contiguous areas just stay there, free.
  mutating func discardPagesAcrossZones(
    of order: PageOrder, in topology: MemoryTopology, to frames: BootFrames
  ) -> Int {
    let before = pages.count
    for page in pages
    where page.origin == .bootMemory && page.folio.order == order
      && !page.folio.isInOneZone(topology)
    {
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
