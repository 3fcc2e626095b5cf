// SPDX-License-Identifier: Apache-2.0

extension HugePagePool {
  /// Moves whoever uses the page at `head` to another page, on another node if there is one with
  /// memory; the old page is free then, or has left the pool.
  ///
  /// A page that nobody uses any more is left alone.
  ///
  /// - Throws: ``DissolveError/outOfMemory`` if there is no page to move to; nothing changed.
  /// - Linux: `migrate_huge_page()` with `alloc_hugetlb_folio_nodemask()` as the target.
  func migratePage(_ head: PageFrameNumber) throws(DissolveError) {
    guard !vmemmap.has(vmemmap.format.hwpoison, at: head) else { throw .busy }
    guard let target = takeMigrationTarget(for: head) else { throw .outOfMemory }
    if hugeTLB.mappings.replace(head, with: target) {
      dropReference(to: head)
    } else {
      dropReference(to: target)
    }
    releaseDeferredPages()
  }

  /// A page in use with one reference: a free one of the pool that nobody was promised, or else one
  /// on loan.
  private func takeMigrationTarget(for head: PageFrameNumber) -> PageFrameNumber? {
    let source = nodePosition(of: head)
    let positions = targetNodes(for: source)
    let free = hugeTLB.lock.withLock { () -> PageFrameNumber? in
      guard counts.availablePageCount > 0 else { return nil }
      for position in positions {
        guard let page = firstUsablePage(on: position) else { continue }
        dequeue(page)
        activate(page)
        return page
      }
      return nil
    }
    return free ?? borrowPage(on: positions)
  }

  /// The nodes to move to from the one at `source`: others with memory, near ones first; only if there
  /// are none, the same.
  private func targetNodes(for source: Int) -> [Int] {
    let withMemory = hugeTLB.nodesWithMemory
    var near: [Int] = []
    for index in allocator.zoneOrders[source] {
      guard let position = topology.position(of: topology.zones[index].node),
        withMemory.contains(position), !near.contains(position)
      else { continue }
      near.append(position)
    }
    let others = near.filter { $0 != source }
    return others.isEmpty ? near : others
  }

  /// A new page that leaves the pool again with its last reference.
  private func borrowPage(on positions: [Int]) -> PageFrameNumber? {
    guard !isGigantic else { return nil }
    for position in positions {
      let node = topology.nodes[position].id
      guard let page = allocateBarePage(on: node, [.thisNode]) else { continue }
      optimizeNewPage(page)
      hugeTLB.lock.withLock {
        account(page)
        vmemmap.insertHugePageMarks(.temporary, at: page)
        activate(page)
      }
      return page
    }
    return nil
  }

  /// Copies the contents of the page at `old` to that at `new`, which is from now on what the other
  /// was: if one of them is on loan it is the old one.
  ///
  /// - Linux: `move_hugetlb_state()`.
  func moveContents(of old: PageFrameNumber, to new: PageFrameNumber) {
    let size = vmemmap.pageSize
    vmemmap.machine.copyContents(
      from: size.address(of: old), to: size.address(of: new), byteCount: byteCount)
    hugeTLB.lock.withLock {
      vmemmap.insertHugePageMarks(.migratable, at: new)
      guard vmemmap.hasHugePageMarks(.temporary, at: new) else { return }
      vmemmap.removeHugePageMarks(.temporary, at: new)
      vmemmap.insertHugePageMarks(.temporary, at: old)
      let (from, to) = (nodePosition(of: old), nodePosition(of: new))
      guard from != to, parts[from].counts.surplusPageCount > 0 else { return }
      parts[from].counts.surplusPageCount &-= 1
      parts[to].counts.surplusPageCount &+= 1
    }
  }
}
