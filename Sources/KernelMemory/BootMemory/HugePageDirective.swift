// SPDX-License-Identifier: Apache-2.0

/// One of the boot parameters that size the pools of huge pages, not yet interpreted.
///
/// They mean something only together and in their order: see ``HugePageRequests``.
public struct HugePageDirective: Equatable, Sendable {
  /// Which parameter.
  public enum Kind: Equatable, Sendable {
    /// `hugepagesz=`: the size that the next count is for.
    case size
    /// `hugepages=`: how many pages, in total or by node.
    case count
    /// `default_hugepagesz=`: the size that files without a size in their name mean.
    case defaultSize

    /// The parameter's name with its equals sign.
    public var name: StaticString {
      switch self {
      case .size: "hugepagesz="
      case .count: "hugepages="
      case .defaultSize: "default_hugepagesz="
      }
    }

    /// The kind of `option`, or `nil` if it is another one.
    init?(_ option: BootOption) {
      if option.isNamed("hugepagesz") {
        self = .size
      } else if option.isNamed("hugepages") {
        self = .count
      } else if option.isNamed("default_hugepagesz") {
        self = .defaultSize
      } else {
        return nil
      }
    }
  }

  /// Which parameter.
  public let kind: Kind
  /// Its value.
  public let text: ArraySlice<UInt8>

  /// Creates a directive.
  public init(_ kind: Kind, _ text: ArraySlice<UInt8>) {
    self.kind = kind
    self.text = text
  }
}
