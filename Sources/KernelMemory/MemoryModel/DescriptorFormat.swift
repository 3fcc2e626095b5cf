// SPDX-License-Identifier: Apache-2.0

/// How a tail descriptor names its folio's head.
public enum CompoundEncoding: Equatable, Sendable {
  /// The head descriptor's address plus one: a tail belongs to one folio only.
  case pointer
  /// A mask that leaves the head's address of any naturally aligned folio of the same order: one
  /// tail serves them all (spec 01 section 8).
  case mask
}

/// Where a kernel keeps its marks in a descriptor, as data.
///
/// - Source: spec 01 section 7.1 (amd64 flavours).
public struct DescriptorFormat: Equatable, Sendable {
  /// The bit in the flags word that says "head of a compound page".
  public var head: UInt64
  /// The bit for memory that the allocator must never see.
  public var reserved: UInt64
  /// The bit for a vmemmap page that lies on the memory it describes.
  public var selfHosted: UInt64
  /// The bit for a frame, or in a folio's head for a folio, with bad memory.
  public var hwpoison: UInt64
  /// How tails name their head.
  public var encoding: CompoundEncoding

  init(head: UInt64, reserved: UInt64, hwpoison: UInt64, encoding: CompoundEncoding) {
    self.head = 1 << head
    self.reserved = 1 << reserved
    selfHosted = 1 << 10
    self.hwpoison = 1 << hwpoison
    self.encoding = encoding
  }

  /// Linux 6.1 (and 5.14, which numbers these bits alike).
  public static let linux6_1 = Self(head: 16, reserved: 12, hwpoison: 23, encoding: .pointer)
  /// Linux 6.12.
  public static let linux6_12 = Self(head: 6, reserved: 13, hwpoison: 20, encoding: .pointer)
  /// Linux 7.2.
  public static let linux7_2 = Self(head: 6, reserved: 13, hwpoison: 21, encoding: .mask)
}
