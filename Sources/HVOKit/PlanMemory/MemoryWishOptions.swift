// SPDX-License-Identifier: Apache-2.0

/// What the user said about memory to be added, as it was typed.
public struct MemoryWishOptions: Equatable, Sendable {
  /// `SIZE[@NODE]`.
  public var hotAdd: String?
  /// Whether added memory is to hold its own descriptors.
  public var memmapOnMemory: Bool
  /// `SIZE` or a range.
  public var dax: String?
  /// The pages of the device.
  public var align: String?
  /// `mem` or `dev`.
  public var map: String?

  /// Creates options; what is `nil` was not said.
  public init(
    hotAdd: String? = nil, memmapOnMemory: Bool = false, dax: String? = nil, align: String? = nil,
    map: String? = nil
  ) {
    (self.hotAdd, self.memmapOnMemory) = (hotAdd, memmapOnMemory)
    (self.dax, self.align, self.map) = (dax, align, map)
  }

  /// Whether anything was said.
  public var isEmpty: Bool { self == Self() }
}
