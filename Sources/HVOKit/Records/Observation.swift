// SPDX-License-Identifier: Apache-2.0

/// What could be seen of a kernel's memory at one moment.
///
/// A field is `nil` where the kernel does not show it, or where the record leaves it out.
///
/// - Unit: pages of 4 KiB unless a field says otherwise.
public struct Observation: Equatable, Sendable {
  /// `MemTotal` of `/proc/meminfo`.
  public var memTotal: Int?
  /// `nr_memmap_pages`; 6.1 has none.
  public var memmapPages: Int?
  /// `nr_memmap_boot_pages`; 6.1 has none.
  public var bootMemmapPages: Int?
  /// Free lists and per-CPU lists together.
  public var freePages: Int?
  public var pools: [RecordedPageSize: PoolCounts]
  /// By node; empty on a machine of one node.
  public var nodePools: [Int: [RecordedPageSize: PoolCounts]]
  public var zones: [RecordedZone: ZoneCounts]
  public var vmemmap: VmemmapCounts?
  /// The 2 MiB entries that map vmalloc areas.
  public var vmallocHugeLeaves: Int?

  /// Creates an observation that has seen nothing yet.
  public init() {
    (pools, nodePools, zones) = ([:], [:], [:])
  }
}

/// The counters of one pool of huge pages, of the machine or of one node.
///
/// - Unit: huge pages of the pool's size.
public struct PoolCounts: Equatable, Sendable {
  public var count: Int
  public var free: Int
  public var surplus: Int
  /// `nil` for a node, which has no reservations of its own.
  public var reserved: Int?
  /// `nil` for a node, which has no limit of its own.
  public var overcommit: UInt64?

  public init(
    count: Int, free: Int, surplus: Int, reserved: Int? = nil, overcommit: UInt64? = nil
  ) {
    (self.count, self.free, self.surplus) = (count, free, surplus)
    (self.reserved, self.overcommit) = (reserved, overcommit)
  }
}

/// A zone of a node, as records name it: `0/DMA32`.
public struct RecordedZone: Hashable, Comparable, Sendable {
  public var node: Int
  /// The name that `/proc/zoneinfo` prints.
  public var name: String

  public init(node: Int, name: String) { (self.node, self.name) = (node, name) }

  public static func < (a: Self, b: Self) -> Bool { (a.node, a.name) < (b.node, b.name) }
}

extension RecordedZone: CustomStringConvertible {
  public var description: String { "\(node)/\(name)" }
}

/// The sizes of one zone.
public struct ZoneCounts: Equatable, Sendable {
  public var spanned: Int
  public var present: Int
  public var managed: Int

  /// A zone without memory, which records do not list.
  public static let none = ZoneCounts(spanned: 0, present: 0, managed: 0)

  public init(spanned: Int, present: Int, managed: Int) {
    (self.spanned, self.present, self.managed) = (spanned, present, managed)
  }
}

/// What a walk of the page tables below the vmemmap finds.
public struct VmemmapCounts: Equatable, Sendable {
  /// Entries that map 2 MiB.
  public var hugeLeaves: Int
  /// Entries that map 4 KiB.
  public var entries: Int
  /// Page-table pages that hold the 4 KiB entries.
  public var entryTables: Int
  /// 4 KiB entries that do not let the kernel write.
  public var readOnlyEntries: Int
  /// Pages mapped less distinct frames.
  public var savedPages: Int
  /// Times mapped → how many frames; only frames mapped more than once.
  public var sharedFrames: [Int: Int]

  public init(
    hugeLeaves: Int, entries: Int, entryTables: Int, readOnlyEntries: Int, savedPages: Int,
    sharedFrames: [Int: Int]
  ) {
    (self.hugeLeaves, self.entries, self.entryTables) = (hugeLeaves, entries, entryTables)
    (self.readOnlyEntries, self.savedPages) = (readOnlyEntries, savedPages)
    self.sharedFrames = sharedFrames
  }
}
