// SPDX-License-Identifier: Apache-2.0

/// Why a pool was not resized.
enum ResizeError: Error, Equatable {
  /// There is no such node.
  case noSuchNode
}

/// Which nodes a request for a number of pages is about.
enum ResizeScope: Equatable {
  /// The whole pool, spread over all nodes with memory.
  case allNodes
  /// One node, by position; the others stay as they are.
  case node(Int)
  /// The whole pool, changed on these nodes only.
  case nodes(NodeMask)
}

extension HugePagePool {
  /// Brings the pool, or its part on one node, to `wanted` pages as far as memory and users allow.
  ///
  /// Too little memory or pages in use are no error: read back what was reached.
  ///
  /// - Linux: `set_max_huge_pages()` (spec 06 section 4).
  func resize(to wanted: UInt, _ scope: ResizeScope = .allNodes) {
    resizeLock.withLock {
      releaseDeferredPages()
      let mask = nodeMask(of: scope)
      let wanted = hugeTLB.lock.withLock { wholePoolTarget(wanted, scope) }
      hugeTLB.lock.withLock { makeSurplusPersistent(upTo: wanted, mask) }
      grow(to: wanted, mask)
      shrink(to: wanted, mask)
      hugeTLB.lock.withLock { target = counts.persistentPageCount }
    }
  }

  private func nodeMask(of scope: ResizeScope) -> NodeMask {
    switch scope {
    case .allNodes: hugeTLB.nodesWithMemory
    case .node(let position): NodeMask(only: position, nodeCount: parts.count)
    case .nodes(let mask): mask
    }
  }

  /// What a request for one node means for the whole pool.
  private func wholePoolTarget(_ wanted: UInt, _ scope: ResizeScope) -> UInt {
    guard case .node(let position) = scope else { return wanted }
    let part = parts[position].counts
    let others =
      hugeTLB.policy.countsSurplusInNodeRequests
      ? counts.pageCount &- part.pageCount
      : counts.persistentPageCount &- part.persistentPageCount
    let (sum, overflow) = wanted.addingReportingOverflow(others)
    return overflow ? .max : sum
  }

  /// Counts surplus pages as persistent while fewer are persistent than wanted.
  private func makeSurplusPersistent(upTo wanted: UInt, _ mask: NodeMask) {
    while counts.surplusPageCount > 0, wanted > counts.persistentPageCount {
      guard
        let position = allocationRotation.firstTurn(
          in: mask, where: { parts[$0].counts.surplusPageCount > 0 })
      else { return }
      counts.surplusPageCount &-= 1
      parts[position].counts.surplusPageCount &-= 1
    }
  }

  /// Counts persistent pages as surplus while more are persistent than wanted.
  private func makePersistentSurplus(downTo wanted: UInt, _ mask: NodeMask) {
    while wanted < counts.persistentPageCount {
      guard
        let position = releaseRotation.firstTurn(
          in: mask,
          where: { parts[$0].counts.surplusPageCount < parts[$0].counts.pageCount })
      else { return }
      counts.surplusPageCount &+= 1
      parts[position].counts.surplusPageCount &+= 1
    }
  }

  // MARK: Growing

  private func grow(to wanted: UInt, _ mask: NodeMask) {
    while let missing = missingPages(to: wanted), missing > 0 {
      var fresh = FrameList()
      let limit = hugeTLB.policy.handlesLists ? min(missing, chunkLength) : 1
      while fresh.count < limit, let head = allocatePoolPage(mask) {
        vmemmap.pushFront(head, on: &fresh)
      }
      let isExhausted = fresh.count < limit
      addNewPages(&fresh)
      if isExhausted { return }
    }
  }

  private func missingPages(to wanted: UInt) -> UInt? {
    hugeTLB.lock.withLock {
      wanted > counts.persistentPageCount ? wanted &- counts.persistentPageCount : nil
    }
  }

  /// Allocates one page on the node whose turn it is, or on the next that has memory left.
  ///
  /// - Linux: `alloc_pool_huge_folio()`.
  private func allocatePoolPage(_ mask: NodeMask) -> PageFrameNumber? {
    for _ in 0..<mask.count {
      guard let position = hugeTLB.lock.withLock({ allocationRotation.takeTurn(in: mask) }) else {
        return nil
      }
      let node = topology.nodes[position].id
      if let head = allocateBarePage(on: node, [.thisNode]) { return head }
    }
    return nil
  }

  // MARK: Shrinking

  private func shrink(to wanted: UInt, _ mask: NodeMask) {
    while true {
      var removed = FrameList()
      hugeTLB.lock.withLock {
        let least = max(wanted, fewestPersistentPages)
        while least < counts.persistentPageCount, removed.count < chunkLength,
          let head = removeFreePage(mask)
        {
          vmemmap.pushFront(head, on: &removed)
        }
      }
      guard removed.count > 0 else { break }
      let wasChunk = removed.count == chunkLength
      release(&removed)
      if !wasChunk { break }
    }
    releaseDeferredPages()
    hugeTLB.lock.withLock { makePersistentSurplus(downTo: wanted, mask) }
  }

  /// The persistent pages that are in use or promised.
  private var fewestPersistentPages: UInt {
    guard hugeTLB.policy.shrinksPersistentPagesOnly else {
      return counts.reservedPageCount &+ counts.pageCount &- counts.freePageCount
    }
    var free = counts.freePageCount
    if free > counts.persistentPageCount {
      free = free > counts.surplusPageCount ? free &- counts.surplusPageCount : 0
    }
    return counts.reservedPageCount &+ counts.persistentPageCount &- free
  }

  /// Removes the first free page of the node whose turn it is, or of the next that has one.
  private func removeFreePage(_ mask: NodeMask) -> PageFrameNumber? {
    guard
      let position = releaseRotation.firstTurn(
        in: mask, where: { !parts[$0].freeList.isEmpty }),
      let head = vmemmap.first(of: parts[position].freeList)
    else { return nil }
    remove(head, .none)
    moveSurplus(from: position)
    return head
  }

  /// Lets another node have the surplus that a node's last pages no longer cover.
  ///
  /// No page is marked as surplus, so the pool as a whole is right either way; a kernel leaves such
  /// a node with more surplus than pages.
  private func moveSurplus(from position: Int) {
    let part = parts[position].counts
    guard part.surplusPageCount > part.pageCount,
      let other = parts.indices.first(where: {
        parts[$0].counts.surplusPageCount < parts[$0].counts.pageCount
      })
    else { return }
    parts[position].counts.surplusPageCount &-= 1
    parts[other].counts.surplusPageCount &+= 1
  }
}

extension NodeRotation {
  /// The first node, from the one whose turn it is, that is `usable`; each one asked had its turn.
  mutating func firstTurn(in mask: NodeMask, where usable: (Int) -> Bool) -> Int? {
    for _ in 0..<mask.count {
      guard let turn = takeTurn(in: mask) else { return nil }
      if usable(turn) { return turn }
    }
    return nil
  }
}
