// SPDX-License-Identifier: Apache-2.0

/// The number of a NUMA node.
///
/// - Linux: `int nid`.
@frozen
public struct NodeID: Hashable, Comparable, Sendable {
  /// The number itself, as it appears in `/sys/devices/system/node/node<N>`.
  public let rawValue: UInt16

  /// Creates the node number `rawValue`.
  @inlinable
  public init(_ rawValue: Int) { self.rawValue = UInt16(truncatingIfNeeded: rawValue) }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The number as an index into a table by node.
  @inlinable
  public var index: Int { Int(rawValue) }

  /// The most nodes that a machine can have: descriptors keep the node in ten bits.
  ///
  /// - Linux: `MAX_NUMNODES` with `NODES_SHIFT` 10 (spec 01, head).
  public static let limit = 1024
}

/// The number of a logical CPU.
@frozen
public struct CPUID: Hashable, Comparable, Sendable {
  /// The number itself.
  public let rawValue: UInt16

  /// Creates the CPU number `rawValue`.
  @inlinable
  public init(_ rawValue: Int) { self.rawValue = UInt16(truncatingIfNeeded: rawValue) }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The number as an index into a table by CPU.
  @inlinable
  public var index: Int { Int(rawValue) }
}

/// The number of a memory section: the granule in which descriptors come and go.
///
/// - Linux: `section_nr`.
@frozen
public struct SectionNumber: Hashable, Comparable, Sendable {
  /// The number itself; section `n` starts at `n` section sizes from physical zero.
  public let rawValue: UInt

  /// Creates the section number `rawValue`.
  @inlinable
  public init(_ rawValue: UInt) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The number as an index into a table by section.
  @inlinable
  public var index: Int { Int(bitPattern: rawValue) }
}

/// What a zone's memory can be used for.
///
/// Raw values are the zone numbers that descriptors carry (spec 01 section 3).
///
/// - Linux: `enum zone_type`.
public enum ZoneKind: UInt8, CaseIterable, Comparable, Sendable {
  case dma, dma32, normal, movable, device

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The name that `/proc/zoneinfo` and `/proc/buddyinfo` print.
  public var name: StaticString {
    switch self {
    case .dma: "DMA"
    case .dma32: "DMA32"
    case .normal: "Normal"
    case .movable: "Movable"
    case .device: "Device"
    }
  }
}
