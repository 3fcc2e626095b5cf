// SPDX-License-Identifier: Apache-2.0

/// Something that is never so in a pool at rest, but was.
struct PoolViolation: Equatable {
  /// What is wrong.
  enum Kind: Equatable {
    /// A count of the pool is not the sum of its nodes'.
    case nodeSum
    /// More surplus, or more free pages, than pages.
    case excess
    /// A free list is not as long as the count says.
    case freeListLength
    /// A page on a free list has a reference, or lacks a mark.
    case freeListPage
    /// More pages are promised than free.
    case reservation
    /// The number asked for is not that of the pages that are not surplus.
    case target
    /// A page on loan is on a free list.
    case temporaryOnFreeList
    /// A page of a pool is counted nowhere.
    case uncountedPage
    /// A pool counts more pages, or fewer, than say that they are its.
    case pageCount
    /// A bad frame is on record whose page is not marked.
    case poisonRecord
  }

  let kind: Kind
  /// The size of the pool's pages; nil if the violation is about no pool.
  let order: PageOrder?
  /// The position of the node that it is about; nil for the pool as a whole.
  var node: Int?
  let wanted: UInt
  let found: UInt
}

extension HugeTLB {
  /// Whatever is wrong with the pools; empty if nothing is.
  ///
  /// - Precondition: nobody is at work on a pool: pages between two states would be found.
  /// - Parameter inHand: huge pages that the caller has and no pool knows.
  /// - Complexity: O(*n*) in the pages of the smallest size that memory has room for.
  func violations(inHand: [Folio] = []) -> [PoolViolation] {
    lock.withLock {
      var found: [PoolViolation] = []
      for pool in pools { pool.appendViolations(to: &found) }
      appendUncountedPages(inHand: inHand, to: &found)
      for pfn in poisonRecords
      where !vmemmap.has(vmemmap.format.hwpoison, at: vmemmap.head(of: pfn)) {
        found.append(PoolViolation(kind: .poisonRecord, order: nil, wanted: 1, found: 0))
      }
      return found
    }
  }

  /// Looks at every place where a huge page can start.
  private func appendUncountedPages(inHand: [Folio], to found: inout [PoolViolation]) {
    guard let smallest = pools.first?.order else { return }
    var counted = pools.map { _ in UInt(0) }
    for frames in topology.nodes.flatMap({ $0.memory }) {
      var pfn = frames.lowerBound.aligned(upTo: smallest)
      while pfn < frames.upperBound {
        if hasDescriptor(pfn), !isTailImage(pfn), !inHand.contains(where: { $0.head == pfn }) {
          countPage(pfn, &counted, &found)
        }
        pfn = PageFrameNumber(pfn.rawValue &+ smallest.pageCount)
      }
    }
    for (pool, count) in zip(pools, counted) where count != pool.counts.pageCount {
      found.append(
        PoolViolation(
          kind: .pageCount, order: pool.order, wanted: count, found: pool.counts.pageCount))
    }
  }

  /// Whether the descriptor of `pfn` shows another page's head.
  private func isTailImage(_ pfn: PageFrameNumber) -> Bool {
    vmemmap.has(vmemmap.format.head, at: pfn) && vmemmap.head(of: pfn) != pfn
  }

  /// Counts the page of a pool that starts at `pfn`, or finds it in no state that there is.
  private func countPage(
    _ pfn: PageFrameNumber, _ counted: inout [UInt], _ found: inout [PoolViolation]
  ) {
    guard vmemmap.isHugeTLB(pfn), let order = vmemmap.folioOrder(at: pfn),
      let index = pools.firstIndex(where: { $0.order == order })
    else { return }
    let isCounted =
      vmemmap.hasHugePageMarks(.freed, at: pfn) || vmemmap.references(to: pfn) > 0
    if isCounted {
      counted[index] &+= 1
    } else if !optimizer.isOptimized(Folio(head: pfn, order: order)) {
      found.append(PoolViolation(kind: .uncountedPage, order: order, wanted: 0, found: 1))
    }
  }
}

extension HugePagePool {
  /// Adds what is wrong with this pool to `found`.
  ///
  /// The caller holds ``HugeTLB/lock``.
  fileprivate func appendViolations(to found: inout [PoolViolation]) {
    appendNodeSums(to: &found)
    appendExcess(of: counts, node: nil, to: &found)
    for position in parts.indices {
      appendExcess(of: parts[position].counts, node: position, to: &found)
      appendFreeList(of: position, to: &found)
    }
    if counts.reservedPageCount > counts.freePageCount {
      add(.reservation, nil, wanted: counts.freePageCount, counts.reservedPageCount, &found)
    }
    if target != counts.persistentPageCount {
      add(.target, nil, wanted: counts.persistentPageCount, target, &found)
    }
  }

  private func add(
    _ kind: PoolViolation.Kind, _ node: Int?, wanted: UInt, _ value: UInt,
    _ found: inout [PoolViolation]
  ) {
    found.append(
      PoolViolation(kind: kind, order: order, node: node, wanted: wanted, found: value))
  }

  private func appendNodeSums(to found: inout [PoolViolation]) {
    var sum = HugePageCounts()
    for part in parts {
      sum.pageCount &+= part.counts.pageCount
      sum.freePageCount &+= part.counts.freePageCount
      sum.surplusPageCount &+= part.counts.surplusPageCount
    }
    if sum.pageCount != counts.pageCount {
      add(.nodeSum, nil, wanted: sum.pageCount, counts.pageCount, &found)
    }
    if sum.freePageCount != counts.freePageCount {
      add(.nodeSum, nil, wanted: sum.freePageCount, counts.freePageCount, &found)
    }
    if sum.surplusPageCount != counts.surplusPageCount {
      add(.nodeSum, nil, wanted: sum.surplusPageCount, counts.surplusPageCount, &found)
    }
  }

  private func appendExcess(
    of counts: HugePageCounts, node: Int?, to found: inout [PoolViolation]
  ) {
    for part in [counts.freePageCount, counts.surplusPageCount] where part > counts.pageCount {
      add(.excess, node, wanted: counts.pageCount, part, &found)
    }
  }

  private func appendFreeList(of position: Int, to found: inout [PoolViolation]) {
    var length: UInt = 0
    vmemmap.forEach(in: parts[position].freeList) { head in
      length &+= 1
      let isSound =
        vmemmap.isHugeTLB(head) && vmemmap.references(to: head) == 0
        && vmemmap.hasHugePageMarks(.freed, at: head) && nodePosition(of: head) == position
      if !isSound { add(.freeListPage, position, wanted: 1, 0, &found) }
      if vmemmap.hasHugePageMarks(.temporary, at: head) {
        add(.temporaryOnFreeList, position, wanted: 0, 1, &found)
      }
      return length <= parts[position].counts.freePageCount
    }
    if length != parts[position].counts.freePageCount {
      add(.freeListLength, position, wanted: parts[position].counts.freePageCount, length, &found)
    }
  }
}
