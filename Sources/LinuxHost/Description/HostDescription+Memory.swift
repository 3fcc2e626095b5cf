// SPDX-License-Identifier: Apache-2.0

extension HostDescription {
  /// One range of the physical address space.
  ///
  /// - Unit: bytes.
  public struct MemoryMapEntry: Hashable, Codable, Sendable {
    /// The first address.
    public var start: UInt
    /// The address after the last one.
    public var end: UInt
    /// What is there.
    public var kind: MemoryKind

    /// Creates the entry from `start` up to, not including, `end`.
    public init(start: UInt, end: UInt, kind: MemoryKind) {
      self.start = start
      self.end = end
      self.kind = kind
    }
  }

  /// What a range of the physical address space is used for.
  public enum MemoryKind: String, Hashable, Codable, Sendable, CaseIterable {
    /// Memory under the page allocator.
    case usable
    /// The same, but brought by a driver after boot (`kmem`, `virtio_mem`).
    case driverManaged
    /// Memory whose block is offline.
    case offline
    /// Kept by the firmware.
    case reserved
    /// Firmware tables that can be reclaimed.
    case firmwareTables
    /// Firmware storage that must survive sleep.
    case firmwareStorage
    /// Set aside by the firmware for a particular use.
    case softReserved
    /// Non-volatile memory.
    case persistent
    /// Broken memory.
    case unusable

    /// Whether the page allocator has this memory.
    public var isOnlineMemory: Bool { self == .usable || self == .driverManaged }
  }

  /// The granule in which memory comes and goes, and the blocks that exist.
  ///
  /// - Linux: `/sys/devices/system/memory` (spec 10 section 5).
  public struct MemoryBlocks: Hashable, Codable, Sendable {
    /// Bytes in one block, a power of two.
    public var blockBytes: UInt
    /// The blocks by number; numbers of holes are missing.
    public var blocks: [MemoryBlock]
  }

  /// One memory block.
  public struct MemoryBlock: Hashable, Codable, Sendable {
    /// The number of the block: its first address in units of the block size.
    public var number: UInt
    /// Whether its memory is in use.
    public var state: State
    /// The zone it is in, or those it can be brought online to.
    public var validZones: [String]
    /// The nodes it has memory of; usually one.
    public var nodes: [Int]
    /// What the kernel says about removing it.
    public var isRemovable: Bool?

    /// Whether a block's memory is in use.
    public enum State: String, Hashable, Codable, Sendable {
      case online
      case offline
      case goingOffline = "going-offline"
    }
  }

  /// One populated zone of one node.
  ///
  /// - Unit: base pages.
  /// - Linux: `/proc/zoneinfo` (spec 10 section 4).
  public struct Zone: Hashable, Codable, Sendable {
    /// The node.
    public var node: Int
    /// The zone's name: DMA, DMA32, Normal, Movable or Device.
    public var name: String
    /// The number of its first frame.
    public var startFrame: UInt
    /// Frames from the first to the last, holes included.
    public var spannedPages: UInt
    /// Frames that exist.
    public var presentPages: UInt
    /// Frames under the page allocator.
    public var managedPages: UInt
    /// Frames on the free lists.
    public var freePages: UInt
    /// Frames of the contiguous memory allocator.
    public var cmaPages: UInt
  }

  /// The bytes under the page allocator according to the memory map.
  public var onlineMemoryBytes: UInt {
    memoryMap.reduce(0) { $0 &+ ($1.kind.isOnlineMemory ? $1.end &- $1.start : 0) }
  }
}
