// SPDX-License-Identifier: Apache-2.0

/// The allocator of the time before the page allocator: what memory there is, and what of it is taken.
///
/// ```
///   memory    ├──────────────┤  ├───────────────────────────────┤
///   reserved  ├─┤       ├──┤        ├───┤            ├──────────┤
///   free         ├──────┤  ├─┤  ├───┤   ├────────────┤
/// ```
///
/// Both lists are sorted and merged; an allocation is nothing but a reservation of free bytes.
/// Reserving what is no memory is allowed, reserving twice is too: the lists are sets of bytes.
///
/// - Unit: bytes, as the firmware's map is.
/// - Linux: `struct memblock`.
public struct Memblock: Sendable {
  /// From which end free memory is handed out.
  public enum Direction: Equatable, Sendable {
    /// The highest address that fits.
    case topDown
    /// The lowest address that fits, not below the given one as long as there is any.
    case bottomUp(from: PhysicalAddress)
  }

  /// What memory there is.
  public private(set) var memory = MemblockRegionList()
  /// What of it, or of the holes, is taken.
  public private(set) var reserved = MemblockRegionList()

  /// From which end memory is handed out.
  public var direction = Direction.topDown
  /// No allocation reaches above this address; lower until the direct map covers memory.
  public var limit = PhysicalAddress(.max)
  /// Whether hot-pluggable memory is left alone, as the option `movable_node` wants.
  public var avoidsHotPluggableMemory = false
  /// The flags that allocations give to their reservations.
  public var allocationFlags: MemblockFlags = []

  /// No allocation starts below this address, so that zero is never an answer.
  public let lowestAddress: PhysicalAddress
  /// The size of the base page.
  public let pageSize: PageSize

  /// How often an allocation that wanted mirrored memory had to take other memory.
  ///
  /// - Linux: the warning "Could not allocate … bytes of mirrored memory".
  public internal(set) var mirrorMissCount = 0
  /// Whether some memory is mirrored; if so, allocations prefer it.
  public private(set) var hasMirror = false

  /// Creates an allocator without memory.
  public init(pageSize: PageSize) {
    self.pageSize = pageSize
    lowestAddress = PhysicalAddress(pageSize.byteCount)
  }

  /// Creates the allocator for the memory of `map`, divided among the nodes of `layout`.
  ///
  /// Usable ranges become memory, cut to whole pages; soft-reserved ranges are reserved; everything
  /// else is a hole (spec 01 section 1). Memory that the layout gives to no node goes to its first.
  public init(map: MemoryMap, layout: NodeLayout, pageSize: PageSize) {
    self.init(pageSize: pageSize)
    for range in map.usableRanges {
      add(range.wholeBlocks(ofBytes: pageSize.byteCount), node: layout.firstNode)
    }
    for range in map.ranges(of: .softReserved) { reserve(range) }
    for part in layout.ranges {
      setNode(part.node, of: part.range)
      if part.isHotPluggable { mark(.hotPluggable, part.range) }
    }
  }
}

extension Memblock {
  /// Adds memory; what was there already keeps its node and flags.
  ///
  /// - Linux: `memblock_add_node()`.
  public mutating func add(
    _ range: Range<PhysicalAddress>, node: NodeID? = nil, flags: MemblockFlags = []
  ) {
    memory.insert(range, MemblockTraits(node: node, flags: flags))
    hasMirror = hasMirror || (flags.contains(.mirror) && !range.isEmpty)
  }

  /// Takes memory away, for instance because of `mem=`.
  ///
  /// - Linux: `memblock_remove()`.
  public mutating func remove(_ range: Range<PhysicalAddress>) {
    memory.remove(range)
  }

  /// Takes bytes, whether or not they are memory or already taken.
  ///
  /// - Linux: `memblock_reserve()`.
  public mutating func reserve(
    _ range: Range<PhysicalAddress>, node: NodeID? = nil, flags: MemblockFlags = []
  ) {
    reserved.insert(range, MemblockTraits(node: node, flags: flags))
  }

  /// Gives bytes back, whether or not they were taken.
  ///
  /// - Linux: `memblock_phys_free()`.
  public mutating func free(_ range: Range<PhysicalAddress>) {
    reserved.remove(range)
  }

  /// Gives the memory in `range` to `node`.
  ///
  /// - Linux: `memblock_set_node()`.
  public mutating func setNode(_ node: NodeID?, of range: Range<PhysicalAddress>) {
    memory.update(range) { $0.node = node }
  }

  /// Sets `flags` on the memory in `range`.
  ///
  /// - Linux: `memblock_mark_hotplug()`, `memblock_mark_mirror()`, `memblock_mark_nomap()`.
  public mutating func mark(_ flags: MemblockFlags, _ range: Range<PhysicalAddress>) {
    memory.update(range) { $0.flags.formUnion(flags) }
    hasMirror = hasMirror || (flags.contains(.mirror) && memory.overlaps(range))
  }

  /// Clears `flags` on the memory in `range`.
  public mutating func clear(_ flags: MemblockFlags, _ range: Range<PhysicalAddress>) {
    memory.update(range) { $0.flags.subtract(flags) }
  }

  /// Sets `flags` on what is reserved in `range`.
  ///
  /// - Linux: `memblock_reserved_mark_noinit()`.
  public mutating func markReserved(_ flags: MemblockFlags, _ range: Range<PhysicalAddress>) {
    reserved.update(range) { $0.flags.formUnion(flags) }
  }

  /// Clears `flags` on what is reserved in `range`.
  public mutating func clearReserved(_ flags: MemblockFlags, _ range: Range<PhysicalAddress>) {
    reserved.update(range) { $0.flags.subtract(flags) }
  }
}
