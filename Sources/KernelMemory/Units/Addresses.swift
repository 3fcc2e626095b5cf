// SPDX-License-Identifier: Apache-2.0

/// A byte's place in physical memory.
///
/// Physical and virtual addresses do not mix: the only way from one to the other is a page table
/// or the machine's direct map.
///
/// - Unit: bytes.
/// - Linux: `phys_addr_t`.
@frozen
public struct PhysicalAddress: Hashable, Comparable, Sendable {
  /// The address itself, in bytes.
  public let rawValue: UInt

  /// Creates the address with the given number of bytes from physical zero.
  @inlinable
  public init(_ rawValue: UInt) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The address `byteCount` bytes further on, wrapping at the end of the number.
  @inlinable
  public func advanced(byBytes byteCount: UInt) -> Self { Self(rawValue &+ byteCount) }
}

/// A byte's place in the kernel's virtual address space.
///
/// - Unit: bytes.
/// - Linux: `void *`, `unsigned long addr`.
@frozen
public struct VirtualAddress: Hashable, Comparable, Sendable {
  /// The address itself, in bytes; canonical form of the paging format in use.
  public let rawValue: UInt

  /// Creates the address with the given number of bytes from virtual zero.
  @inlinable
  public init(_ rawValue: UInt) { self.rawValue = rawValue }

  @inlinable
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }

  /// The address `byteCount` bytes further on, wrapping at the end of the number.
  @inlinable
  public func advanced(byBytes byteCount: UInt) -> Self { Self(rawValue &+ byteCount) }

  /// The largest multiple of `byteCount`, a power of two, that is not above the address.
  @inlinable
  public func rounded(downToBytes byteCount: UInt) -> Self { Self(rawValue & ~(byteCount &- 1)) }
}
