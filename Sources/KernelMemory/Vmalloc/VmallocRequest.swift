// SPDX-License-Identifier: Apache-2.0

/// What somebody wants of a vmalloc area.
public struct VmallocRequest: Equatable, Sendable {
  /// How the area may be mapped.
  public enum Mapping: Sendable {
    /// With base pages.
    case basePages
    /// With the largest leaves that fit; the owner does not mind what its pages are mapped with.
    ///
    /// - Linux: `VM_ALLOW_HUGE_VMAP`.
    case largestThatFits
  }

  /// The bytes that are needed.
  public var byteCount: UInt
  /// What the first address is a multiple of: a power of two, a page at least.
  public var alignment: UInt
  public var mapping: Mapping
  /// The node whose memory is preferred; nil if nobody cares.
  public var node: NodeID?
  /// Who asks: what `/proc/vmallocinfo` shows.
  public var caller: [UInt8]

  /// A wish for `byteCount` bytes.
  public init(
    byteCount: UInt, alignment: UInt = 1, mapping: Mapping = .basePages, node: NodeID? = nil,
    caller: [UInt8] = []
  ) {
    self.byteCount = byteCount
    self.alignment = alignment
    self.mapping = mapping
    self.node = node
    self.caller = caller
  }
}

/// Why there is no area. Nothing has changed, but for tables that are ready now, and empty.
public enum VmallocError: Error, Equatable, Sendable {
  /// The size is 0.
  case empty
  /// The alignment is no power of two.
  case badAlignment
  /// There is no such node.
  case noSuchNode
  /// More is wanted than the machine has.
  case exceedsMemory
  /// No stretch of free addresses is long enough, also after a purge.
  case noRoom
  /// Frames ran out, for pages or for tables.
  case outOfFrames
  /// The memory of a device is none, but ordinary memory, or lies beyond what can be addressed.
  case notDeviceMemory
  /// Pages are not as many as addresses, or a range is cut where its mapping has no border.
  case misaligned
  /// Something is mapped there already.
  case occupied(VirtualAddress)
}

/// Why an area could not be freed, or a part of one not be unmapped. Nothing has changed.
public enum VfreeError: Error, Equatable, Sendable {
  /// No area can start at such an address.
  case badAddress
  /// No area starts there.
  case noSuchArea
  /// The part ends inside a huge leaf, which goes as a whole.
  case cutsLeaf(VirtualAddress)
}
