// SPDX-License-Identifier: Apache-2.0

// What the benchmarks need beyond the public interface, and nobody else:
// `@_spi(Benchmarking) import KernelMemory`.
//
// Loops over single accesses stand here, because the core's own code has these inlined and code of
// another module does not.

/// Huge pages in the hand of a benchmark, prepared as a pool prepares them but in no pool.
@_spi(Benchmarking)
public struct FolioBatch {
  fileprivate let pool: HugePagePool
  fileprivate var list = FrameList()

  /// The number of huge pages.
  public var count: UInt { list.count }

  /// The huge pages.
  var folios: [Folio] {
    var found: [Folio] = []
    pool.vmemmap.forEach(in: list) { head in
      found.append(pool.folio(head))
      return true
    }
    return found
  }

  /// Folds the descriptors, and completes those of pages that are not folded.
  func optimizeCompletely() { pool.optimizeNewPages(list) }

  /// Where the descriptors of the batch's first page lie.
  public var firstDescriptors: Range<VirtualAddress>? {
    guard let head = pool.vmemmap.first(of: list) else { return nil }
    return pool.vmemmap.addresses(describing: pool.folio(head).frames)
  }
}

@_spi(Benchmarking)
extension MemorySubsystem {
  /// Allocates up to `count` huge pages of `order` on one node, with only the first vmemmap page of
  /// each written: what a pool has in hand before it folds them.
  ///
  /// - Returns: nil if there is no such pool or node.
  public func prepareFolios(
    _ count: UInt, of order: PageOrder, on node: NodeID = NodeID(0)
  ) -> FolioBatch? {
    guard let pool = hugeTLB.pool(for: order), nodeIDs.contains(node) else { return nil }
    var batch = FolioBatch(pool: pool)
    while batch.count < count, let head = pool.allocateBarePage(on: node, [.thisNode]) {
      vmemmap.pushBack(head, on: &batch.list)
    }
    return batch
  }

  /// Folds the descriptors of a batch, as when a pool grows.
  public func optimize(_ batch: FolioBatch) {
    optimizer.optimize(batch.list, order: batch.pool.order)
  }

  /// Brings all blocks of added memory online as movable memory, in ascending order.
  ///
  /// - Returns: how many went online.
  public func onlineAddedBlocks() -> Int {
    hotplug.blocks.all.count { block in
      !block.isEarly && (try? hotplug.online(block.number, as: .onlineMovable)) != nil
    }
  }

  /// Takes all blocks of added memory offline, in descending order.
  ///
  /// - Returns: how many went offline.
  public func offlineAddedBlocks() -> Int {
    hotplug.blocks.all.reversed().count { block in
      !block.isEarly && (try? hotplug.offline(block.number)) != nil
    }
  }

  /// Unfolds the descriptors of a batch, as when a pool shrinks.
  ///
  /// - Returns: how many pages were unfolded.
  public func restore(_ batch: inout FolioBatch) -> UInt {
    var whole = FrameList()
    let outcome = optimizer.restore(&batch.list, order: batch.pool.order, output: &whole)
    if batch.list.isEmpty {
      batch.list = whole
    } else {
      while let head = vmemmap.popFront(of: &whole) { vmemmap.pushBack(head, on: &batch.list) }
    }
    return outcome.restoredCount
  }

  /// Gives the pages of a batch back to the page allocator.
  public func release(_ batch: consuming FolioBatch) {
    batch.pool.release(&batch.list)
  }

  /// Brings the pool for pages of `order` to `wanted` pages, as a write to `nr_hugepages` does.
  ///
  /// - Returns: the pages it has then.
  public func resizePool(of order: PageOrder, to wanted: UInt) -> UInt {
    guard let pool = hugeTLB.pool(for: order) else { return 0 }
    pool.resize(to: wanted)
    return hugeTLB.lock.withLock { pool.counts.pageCount }
  }

  /// Allocates and frees one base page `count` times.
  ///
  /// - Returns: how often there was one.
  public func allocateAndFreeFrames(_ count: Int, on node: NodeID = NodeID(0)) -> Int {
    var served = 0
    for _ in 0..<count {
      guard let pfn = allocator.allocateFrame(on: node) else { break }
      allocator.freeFrame(pfn)
      served &+= 1
    }
    return served
  }

  /// Allocates and frees one contiguous block of `order` `count` times.
  ///
  /// - Precondition: `order` is beyond the free lists'.
  /// - Returns: how often there was one.
  public func allocateAndFreeContiguous(
    _ count: Int, of order: PageOrder, on node: NodeID = NodeID(0)
  ) -> Int {
    var served = 0
    for _ in 0..<count {
      guard let head = allocator.allocateContiguous(order, on: node, [.thisNode]) else { break }
      allocator.freeRun(FrameRange(start: head, pageCount: order.pageCount))
      served &+= 1
    }
    return served
  }
}

/// A device in the hand of a benchmark.
@_spi(Benchmarking)
public struct BenchmarkDevice {
  fileprivate let memory: DeviceMemory
  fileprivate let map: DevicePagemap

  /// Gives its memory descriptors.
  ///
  /// - Returns: false if that failed.
  public func attach() -> Bool { (try? memory.map(map)) != nil }

  /// Takes them away.
  public func detach() { memory.unmap(map) }
}

@_spi(Benchmarking)
extension MemorySubsystem {
  /// A device with `byteCount` bytes at `address`, in pages of `order`.
  public func makeDevice(
    at address: PhysicalAddress, byteCount: UInt, pagesOf order: PageOrder
  ) -> BenchmarkDevice {
    let frames = format.pageSize.wholePages(in: Range(start: address, byteCount: byteCount))
    return BenchmarkDevice(
      memory: devices, map: DevicePagemap(.generic, [frames], folioOrder: order))
  }
}

#if !hasFeature(Embedded)
  @_spi(Benchmarking)
  extension HostedMachine {
    /// Loads `count` words through the MMU, each at the address that the one before says.
    ///
    /// - Returns: where it came to.
    @inline(never)
    public func followChain(
      from start: VirtualAddress, count: Int
    ) throws(MachineFault) -> VirtualAddress {
      var address = start
      for _ in 0..<count { address = VirtualAddress(UInt(try load(address))) }
      return address
    }

    /// Walks the tables `count` times, for the pages of `range` in turn; each walk waits for the one
    /// before.
    ///
    /// - Precondition: `range` starts with a page.
    /// - Returns: a sum of what was found.
    @inline(never)
    public func walkInTurn(
      through range: Range<VirtualAddress>, count: Int
    ) throws(MachineFault) -> UInt {
      let size = regime.pageSize
      let pageCount = (range.upperBound.rawValue &- range.lowerBound.rawValue) &>> size.shift
      // Nothing, but the compiler cannot know.
      let mask = range.lowerBound.rawValue & (size.byteCount &- 1)
      var page: UInt = 0
      var sum: UInt = 0
      for _ in 0..<count {
        let offset = (page &<< size.shift) | (sum & mask)
        sum &+= try walk(range.lowerBound.advanced(byBytes: offset)).address.rawValue
        page = page &+ 1 < pageCount ? page &+ 1 : 0
      }
      return sum
    }
  }
#endif
