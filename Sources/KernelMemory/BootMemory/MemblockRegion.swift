// SPDX-License-Identifier: Apache-2.0

/// What is special about a region of the boot allocator.
///
/// - Linux: `enum memblock_flags`; values of spec 01 section 1.
public struct MemblockFlags: OptionSet, Hashable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// The memory may be pulled out at run time.
  public static let hotPluggable = Self(rawValue: 1)
  /// The memory is mirrored; the kernel prefers it.
  public static let mirror = Self(rawValue: 2)
  /// The memory is not in the direct map and never allocated.
  public static let noMap = Self(rawValue: 4)
  /// A driver found the memory and manages it.
  public static let driverManaged = Self(rawValue: 8)
  /// Whoever reserved the memory initialises its descriptors.
  public static let reservedNoInit = Self(rawValue: 0x10)
  /// The kernel itself reserved the memory.
  public static let reservedByKernel = Self(rawValue: 0x20)
  /// The memory survives a change of kernels.
  public static let handoverScratch = Self(rawValue: 0x40)
}

/// What makes neighbouring regions one: they merge if their traits are equal.
public struct MemblockTraits: Equatable, Sendable {
  /// The node with the memory, or `nil` where nobody said.
  public var node: NodeID?
  /// What is special about it.
  public var flags: MemblockFlags

  /// Creates traits.
  public init(node: NodeID? = nil, flags: MemblockFlags = []) {
    self.node = node
    self.flags = flags
  }
}

/// A run of bytes in one of the boot allocator's two lists.
///
/// - Linux: `struct memblock_region`.
public struct MemblockRegion: Equatable, Sendable {
  /// The bytes; never empty.
  public var range: Range<PhysicalAddress>
  /// Node and flags.
  public var traits: MemblockTraits

  /// Creates a region.
  public init(_ range: Range<PhysicalAddress>, _ traits: MemblockTraits = MemblockTraits()) {
    self.range = range
    self.traits = traits
  }

  /// The node with the memory, or `nil` where nobody said.
  public var node: NodeID? { traits.node }
  /// What is special about the memory.
  public var flags: MemblockFlags { traits.flags }
}
