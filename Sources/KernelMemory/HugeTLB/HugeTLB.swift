// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// All pools of huge pages, and what they share: one lock, the allocators, the kernel's policy.
///
/// - Linux: `hstates[]`, `hugetlb_lock`.
final class HugeTLB: @unchecked Sendable {
  let policy: HugePagePolicy
  let allocator: PageAllocator
  let optimizer: VmemmapOptimizer
  let topology: MemoryTopology
  let vmemmap: Vmemmap
  /// Guards every pool's counts and lists; nothing that takes long happens under it.
  ///
  /// - Linux: `hugetlb_lock`.
  let lock = SpinLock(.hugeTLB)
  /// Serialises whoever tells the pages' sizes apart: a demotion takes two pools' resize locks,
  /// the larger size first.
  private(set) var pools: [HugePagePool] = []
  /// The position in ``pools`` of the size that `/proc/meminfo` shows.
  private(set) var defaultPoolIndex = 0
  /// Attempts to get a huge page from the page allocator that came off.
  let buddySuccesses = Atomic<UInt>(0)
  /// Attempts that did not.
  let buddyFailures = Atomic<UInt>(0)
  /// The position of the node whose memory a process without a policy gets first.
  let localNode: Int
  /// Whether gigantic pages are allocated as movable memory.
  let makesGiganticMovable = Atomic<Bool>(false)
  /// Bad frames inside huge pages; guarded by ``lock``.
  var poisonRecords: [PageFrameNumber] = []
  /// Bad frames that were taken out of use with the pages they belonged to.
  ///
  /// - Unit: base pages.
  let poisonedPageCount = Atomic<UInt>(0)
  /// Frames of pages that nobody dares to give back, as which of them are bad is not known.
  ///
  /// - Unit: base pages.
  let abandonedPageCount = Atomic<UInt>(0)
  /// The mappings of all processes.
  let mappings = HugeMappings()
  /// Memory set aside for gigantic pages; complete before the first of them is allocated.
  var contiguousAreas: [ContiguousArea] = []
  /// Whether gigantic pages come from such memory or not at all.
  ///
  /// - Linux: `hugetlb_cma_only`.
  let usesContiguousAreasOnly = Atomic<Bool>(false)

  init(
    policy: HugePagePolicy, allocator: PageAllocator, optimizer: VmemmapOptimizer,
    localNode: Int = 0
  ) {
    self.policy = policy
    self.allocator = allocator
    self.optimizer = optimizer
    self.localNode = localNode
    topology = allocator.topology
    vmemmap = allocator.vmemmap
  }

  /// Adds an empty pool for pages of `order`; pools stay sorted by size.
  ///
  /// - Precondition: boot is still single-threaded, and there is no such pool.
  func addPool(order: PageOrder) {
    pools.append(HugePagePool(order: order, hugeTLB: self))
    pools.sort { $0.order < $1.order }
    chooseDemotionOrders()
  }

  /// Lets each pool's pages be split into those of the next smaller size.
  ///
  /// With memory set aside for gigantic pages, only these are ever split.
  ///
  /// - Precondition: boot is still single-threaded.
  func chooseDemotionOrders() {
    for (index, pool) in pools.enumerated() {
      let isFixed = !contiguousAreas.isEmpty && pool.order <= allocator.pageblockOrder
      pool.demotionOrder = index == 0 || isFixed ? nil : pools[index - 1].order
    }
  }

  /// Makes the pool for pages of `order` the one that `/proc/meminfo` shows.
  func setDefaultPool(order: PageOrder) {
    if let index = pools.firstIndex(where: { $0.order == order }) { defaultPoolIndex = index }
  }

  /// The pool that `/proc/meminfo` and `/proc/sys/vm` show; nil on a system without huge pages.
  var defaultPool: HugePagePool? {
    pools.indices.contains(defaultPoolIndex) ? pools[defaultPoolIndex] : nil
  }

  /// The pool for pages of `order`.
  func pool(for order: PageOrder) -> HugePagePool? { pools.first { $0.order == order } }

  /// All nodes that have memory.
  var nodesWithMemory: NodeMask {
    NodeMask(nodeCount: topology.nodes.count) { topology.nodes[$0].hasMemory }
  }

  /// The base pages in use as pages of all pools, free or not.
  var pooledPageCount: UInt {
    lock.withLock { pools.reduce(0) { $0 &+ $1.counts.pageCount &* $1.order.pageCount } }
  }
}
