// SPDX-License-Identifier: Apache-2.0

/// How one kernel adds and removes memory, as data.
///
/// - Source: spec 08 section 11.
public struct HotplugPolicy: Sendable {
  /// Which added memory can hold its own descriptors.
  public enum SelfHosting: Sendable {
    /// A range that is exactly one block.
    case singleBlock
    /// Every block of a range, each with descriptors of its own.
    case everyBlock
  }

  /// Which ranges with blocks that hold their own descriptors can be removed.
  public enum Removal: Sendable {
    /// Exactly one block.
    case strict
    /// Any range of which all blocks do, or none.
    case uniform
  }

  /// Which added memory can hold its own descriptors.
  public var selfHosting: SelfHosting
  /// Which ranges with blocks that hold their own descriptors can be removed.
  public var removal: Removal
  /// Whether `memmap_on_memory` can be forced where frames are wasted by it.
  public var allowsForcing: Bool
  /// Whether nodes have events of their own.
  public var hasNodeEvents: Bool
  /// Whether listeners hear of descriptors on added memory before they can be used, and after.
  public var hasPreparationEvents: Bool
  /// Whether early boot code may advise a size of blocks.
  public var takesBlockSizeAdvice: Bool
  /// Whether zones can be chosen by how much memory there is for the kernel.
  public var choosesZones: Bool
  /// The frames that the kernel takes for itself on a node that gets its first memory for the kernel.
  ///
  /// Allocators of small objects have lists for each node, and make those of a new node on it.
  ///
  /// - Unit: base pages.
  public var framesForNewNode: UInt

  /// Linux 5.14.
  public static let linux5_14 = {
    var policy = linux6_1
    policy.choosesZones = false
    return policy
  }()

  /// Linux 6.1.
  public static let linux6_1 = Self(
    selfHosting: .singleBlock, removal: .strict, allowsForcing: false, hasNodeEvents: false,
    hasPreparationEvents: false, takesBlockSizeAdvice: false, choosesZones: true,
    framesForNewNode: 0)

  /// Linux 6.12.
  public static let linux6_12 = Self(
    selfHosting: .everyBlock, removal: .uniform, allowsForcing: true, hasNodeEvents: false,
    hasPreparationEvents: true, takesBlockSizeAdvice: false, choosesZones: true,
    framesForNewNode: 0)

  /// Linux 7.2, and what is to come.
  public static let linux7_2 = Self(
    selfHosting: .everyBlock, removal: .uniform, allowsForcing: true, hasNodeEvents: true,
    hasPreparationEvents: false, takesBlockSizeAdvice: true, choosesZones: true,
    framesForNewNode: 16)
}
