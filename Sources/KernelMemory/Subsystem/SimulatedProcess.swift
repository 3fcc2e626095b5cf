// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A process as memory management sees it: it maps huge pages, takes base pages, and ends.
///
/// Whatever it holds is given back by ``exit()``, at the latest when nobody refers to it any more.
public final class SimulatedProcess {
  private let subsystem: MemorySubsystem
  private var mappings: [HugeMapping] = []
  /// Base pages that it took as the kernel does, as runs.
  private var frames: [FrameRange] = []
  /// As whom it holds base pages that can be moved.
  private let holder: UInt

  /// A process that holds nothing yet.
  public init(of subsystem: MemorySubsystem) {
    self.subsystem = subsystem
    holder = subsystem.allocator.movable.makeHolder()
  }

  deinit { exit() }

  /// Whether a mapping's pages are promised when it is made.
  public enum Reservation: Sendable {
    case reserved, unreserved
  }

  /// Maps `count` huge pages of `pageByteCount` bytes.
  ///
  /// - Returns: the mapping's number, for ``touch(_:)``.
  /// - Throws: ``SimulatedProcessError``; nothing is mapped.
  public func mapHugePages(
    _ count: UInt, of pageByteCount: UInt, _ reservation: Reservation
  ) throws(SimulatedProcessError) -> Int {
    guard let pool = subsystem.hugeTLB.pools.first(where: { $0.byteCount == pageByteCount })
    else { throw .noSuchPageSize }
    do throws(MappingError) {
      mappings.append(
        try HugeMapping(
          pool: pool, pageCount: count, manner: reservation == .reserved ? .reserve : .noReserve))
    } catch {
      throw .outOfMemory
    }
    return mappings.count - 1
  }

  /// Touches every page of a mapping, first to last.
  ///
  /// - Throws: ``SimulatedProcessError/busError`` where no page is left; what was touched stays.
  public func touch(_ mapping: Int) throws(SimulatedProcessError) {
    guard mappings.indices.contains(mapping) else { throw .noSuchMapping }
    do throws(FaultError) { try mappings[mapping].touchAll() } catch { throw .busError }
  }

  /// Takes base pages until every zone is down to its low mark.
  ///
  /// Below it the kernel would reclaim memory, and reclaim it from whoever takes so much.
  ///
  /// - Returns: the base pages taken.
  @discardableResult
  public func consumeMemory() -> UInt {
    let allocator = subsystem.allocator
    var taken: UInt = 0
    for zone in subsystem.topology.zones where zone.isPopulated {
      let lists = allocator.freeLists[zone.index]
      let floor =
        lists.watermarks.low &+ allocator.lowmemReserve(of: zone, for: .movable)
      while lists.freePageCount.load(ordering: .relaxed) > floor,
        let pfn = lists.lock.withLock({ allocator.removeBlock(.page, .movable, from: lists) })
      {
        subsystem.vmemmap.with(pfn) { $0.counts = DescriptorCounts(references: 1) }
        allocator.movable.hold(pfn..<pfn.advanced(by: 1), by: holder)
        taken &+= 1
      }
    }
    return taken
  }

  /// Takes `count` base pages of `node`, one after another, as the kernel does for itself.
  ///
  /// - Returns: how many there were.
  public func takeKernelPages(_ count: UInt, on node: NodeID) -> UInt {
    for taken in 0..<count {
      guard let pfn = subsystem.allocator.allocateFrame(on: node, [.thisNode]) else { return taken }
      note(pfn)
    }
    return count
  }

  /// Takes `count` base pages of `node` that can be moved, one after another.
  ///
  /// - Returns: how many there were.
  @discardableResult
  public func takePages(_ count: UInt, on node: NodeID) -> UInt {
    let allocator = subsystem.allocator
    for taken in 0..<count {
      guard let pfn = allocator.allocateFrame(on: node, [.movable, .thisNode]) else {
        return taken
      }
      allocator.movable.hold(pfn..<pfn.advanced(by: 1), by: holder)
    }
    return count
  }

  /// Whether pages can be moved while a process has them.
  public enum Mobility: Sendable {
    case movable, fixed
  }

  /// Takes the base pages of `range`, if all of them are free.
  ///
  /// - Precondition: `range` is a power of two of pages, naturally aligned, and memory of one zone.
  /// - Returns: false if one of them is not free; then none was taken.
  public func take(_ range: FrameRange, _ mobility: Mobility = .movable) -> Bool {
    let topology = subsystem.topology
    guard let zone = topology.zone(of: range.lowerBound) else { return false }
    subsystem.allocator.drainCPULists(of: zone)
    guard subsystem.allocator.takeRange(range, from: subsystem.allocator.freeLists[zone.index])
    else { return false }
    subsystem.vmemmap.initialize(range, place: zone.place, references: 1)
    switch mobility {
    case .movable: subsystem.allocator.movable.hold(range, by: holder)
    case .fixed: frames.append(range)
    }
    return true
  }

  private func note(_ pfn: PageFrameNumber) {
    if let last = frames.last, last.upperBound == pfn {
      frames[frames.count - 1] = last.lowerBound..<pfn.advanced(by: 1)
    } else {
      frames.append(pfn..<pfn.advanced(by: 1))
    }
  }

  /// Gives everything back.
  public func exit() {
    for mapping in mappings { mapping.release() }
    mappings = []
    for run in frames + subsystem.allocator.movable.takeAll(of: holder) {
      for pfn in run { subsystem.allocator.freeFrame(pfn) }
    }
    frames = []
  }
}

/// Why a process did not get its memory.
public enum SimulatedProcessError: Error, Equatable, Sendable {
  /// There is no pool of such pages: `EINVAL`.
  case noSuchPageSize
  /// The pool cannot promise that many pages: `ENOMEM`.
  case outOfMemory
  /// The pool has no page for one that was touched: `SIGBUS`.
  case busError
  /// There is no such mapping.
  case noSuchMapping
}
