// SPDX-License-Identifier: Apache-2.0

/// How many pages a pool, or its part on one node, has.
///
/// - Unit: huge pages.
public struct HugePageCounts: Equatable, Sendable {
  /// All pages, those beyond the wanted number included.
  public var pageCount: UInt = 0
  /// Pages that nobody uses.
  public var freePageCount: UInt = 0
  /// Free pages that are promised to a mapping; the pool as a whole only.
  public var reservedPageCount: UInt = 0
  /// Pages beyond the wanted number; which ones is not said.
  public var surplusPageCount: UInt = 0

  /// Pages that the administrator asked for.
  public var persistentPageCount: UInt { pageCount &- surplusPageCount }
  /// Free pages that nobody was promised; negative promises count as none.
  public var availablePageCount: UInt {
    freePageCount > reservedPageCount ? freePageCount &- reservedPageCount : 0
  }
}

/// The pool of huge pages of one size.
///
/// A page of the pool is free and on its node's list, or in use, or *removed*: on its way back to
/// the page allocator, on a private list, counted nowhere. Its descriptors are folded or not in each
/// of these states; a free page's head has no reference.
///
/// - Linux: `struct hstate` ("hstate" is opaque; a pool is what it is).
final class HugePagePool: @unchecked Sendable {
  /// A node's part of the pool.
  struct NodePart {
    var counts = HugePageCounts()
    /// Free pages; the one given up next is first.
    var freeList = FrameList()
  }

  /// The size of the pages.
  let order: PageOrder
  #if hasFeature(Embedded)
    // A kernel's pools are for ever: the cycle does no harm, and weaker references do not exist.
    let hugeTLB: HugeTLB
  #else
    unowned let hugeTLB: HugeTLB
  #endif
  // Here as well as in `hugeTLB`: by way of another object, each use would count a reference.
  let topology: MemoryTopology
  let vmemmap: Vmemmap
  let optimizer: VmemmapOptimizer
  let allocator: PageAllocator
  /// Held while the pool is resized or pages of it are demoted.
  let resizeLock: SpinLock
  /// The whole pool; guarded by ``HugeTLB/lock``, as all that follows.
  var counts = HugePageCounts()
  /// The parts, by position of the node.
  var parts: [NodePart]
  /// Pages in use.
  var activeList = FrameList()
  /// The number that was asked for last, as `/proc/sys/vm/nr_hugepages` shows it.
  var target: UInt = 0
  /// How many surplus pages may be made on demand.
  var overcommitLimit: UInt = 0
  /// The order into which pages are split on demand; nil if there is no smaller pool.
  var demotionOrder: PageOrder?
  var allocationRotation = NodeRotation()
  var releaseRotation = NodeRotation()
  /// Pages whose last reference went where nothing could be waited for.
  var deferredList = FrameList()

  init(order: PageOrder, hugeTLB: HugeTLB) {
    self.order = order
    resizeLock = SpinLock(.poolSize(order))
    self.hugeTLB = hugeTLB
    topology = hugeTLB.topology
    vmemmap = hugeTLB.vmemmap
    optimizer = hugeTLB.optimizer
    allocator = hugeTLB.allocator
    parts = Array(repeating: NodePart(), count: topology.nodes.count)
  }

  /// Whether pages are larger than any block of the page allocator's lists.
  var isGigantic: Bool { order > allocator.maximumOrder }

  /// The bytes of one page.
  var byteCount: UInt { order.pageCount &* vmemmap.pageSize.byteCount }

  /// The bytes of descriptors that folding gives back for one page; 0 if it cannot be folded.
  var savedByteCount: UInt {
    optimizer.savedPageCount(for: order) &* vmemmap.pageSize.byteCount
  }

  /// The page of this pool that starts at `head`.
  func folio(_ head: PageFrameNumber) -> Folio { Folio(head: head, order: order) }

  /// The position of the node with `head`.
  func nodePosition(of head: PageFrameNumber) -> Int {
    guard let node = topology.nodeID(of: head),
      let position = topology.position(of: node)
    else { preconditionFailure("a page of a pool is memory of a node") }
    return position
  }
}

// Moving one page between the states. The caller holds ``HugeTLB/lock``.

extension HugePagePool {
  /// Counts a page that is new to the pool.
  func account(_ head: PageFrameNumber) { account(at: nodePosition(of: head)) }

  /// Counts a page that is new to the pool, and puts it on its node's free list.
  func addFree(_ head: PageFrameNumber) {
    let position = nodePosition(of: head)
    account(at: position)
    enqueue(head, at: position)
  }

  private func account(at position: Int) {
    counts.pageCount &+= 1
    parts[position].counts.pageCount &+= 1
  }

  /// Puts a page of the pool on its node's free list.
  ///
  /// - Linux: `enqueue_hugetlb_folio()`.
  func enqueue(_ head: PageFrameNumber) { enqueue(head, at: nodePosition(of: head)) }

  private func enqueue(_ head: PageFrameNumber, at position: Int) {
    vmemmap.pushFront(head, on: &parts[position].freeList)
    vmemmap.insertHugePageMarks(.freed, at: head)
    counts.freePageCount &+= 1
    parts[position].counts.freePageCount &+= 1
  }

  /// Takes a free page off its node's list, for use.
  func dequeue(_ head: PageFrameNumber) { dequeue(head, at: nodePosition(of: head)) }

  private func dequeue(_ head: PageFrameNumber, at position: Int) {
    vmemmap.remove(head, from: &parts[position].freeList)
    vmemmap.removeHugePageMarks(.freed, at: head)
    counts.freePageCount &-= 1
    parts[position].counts.freePageCount &-= 1
  }

  /// Whether surplus goes down with a page that leaves.
  enum SurplusAdjustment { case none, lowered }

  /// Takes a page out of the pool: it is on no list and counted nowhere.
  ///
  /// A page that is not folded is an ordinary compound page from now on. A folded one keeps its
  /// mark, so that nobody takes its descriptors for whole ones.
  ///
  /// - Linux: `remove_hugetlb_folio()` (spec 06 section 2.1).
  func remove(_ head: PageFrameNumber, _ adjustment: SurplusAdjustment) {
    let position = nodePosition(of: head)
    if vmemmap.hasHugePageMarks(.freed, at: head) {
      dequeue(head, at: position)
    } else {
      deactivate(head)
    }
    if adjustment == .lowered {
      counts.surplusPageCount &-= 1
      parts[position].counts.surplusPageCount &-= 1
    }
    if !optimizer.isOptimized(folio(head)) { vmemmap.unmarkHugeTLB(head) }
    counts.pageCount &-= 1
    parts[position].counts.pageCount &-= 1
  }

  /// Takes a page that is not free off the list of pages in use, if it is there.
  func deactivate(_ head: PageFrameNumber) {
    let isFirst = vmemmap.first(of: activeList) == head
    guard isFirst || vmemmap.with(head, for: .load, { $0.previous != 0 }) else { return }
    vmemmap.remove(head, from: &activeList)
  }

  /// Takes a removed page, whose descriptors could not be unfolded, back into the pool as free.
  ///
  /// - Linux: `add_hugetlb_folio()` (spec 06 section 2.2).
  func addBack(_ head: PageFrameNumber, asSurplus: Bool) {
    account(head)
    if asSurplus {
      counts.surplusPageCount &+= 1
      parts[nodePosition(of: head)].counts.surplusPageCount &+= 1
    }
    // Where the page came from, and what is wrong with it, still holds.
    let lasting: HugePageMarks = [.contiguousArea, .poisonUnreliable]
    vmemmap.with(head) { $0.privateWord &= lasting.rawValue }
    optimizer.setOptimized(true, folio(head))
    vmemmap.markHugeTLB(head)
    enqueue(head)
  }
}
