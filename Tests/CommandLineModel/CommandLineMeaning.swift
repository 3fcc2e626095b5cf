// SPDX-License-Identifier: Apache-2.0

/// What a kernel command line comes to, in plain values.
///
/// The model writes it from the rules, the parser's results are copied into it, and then the two
/// must be equal.
public struct CommandLineMeaning: Equatable, Sendable {
  /// What is wanted of one size of huge pages.
  public struct Pool: Equatable, Sendable {
    public var byteCount: UInt
    public var total: UInt = 0
    /// The counts of certain nodes, none of them 0.
    public var nodes: [UInt: UInt] = [:]
  }

  /// The words of the line, as `[name]` or `[name]=[value]`.
  public var words: [[UInt8]] = []
  public var foldsVmemmap: Bool?
  /// One pool for each size, in the order of their registration.
  public var pools: [Pool] = []
  /// What is set aside of gigantic pages, in its order.
  public var gigantic: [Pool] = []
  public var defaultByteCount: UInt = 0
  /// What the kernel says about its huge page parameters.
  public var log: [[UInt8]] = []
  /// How many huge page parameters found no room.
  public var ignoredCount = 0
  public var areaByteCount: UInt = 0
  public var areaNodes: [UInt: UInt] = [:]
  public var areaIsExclusive = false
  public var threadCount: UInt?
  /// Changes of the memory map, each as a few words.
  public var mapEdits: [String] = []
  public var kernelMemory: String?
  public var movableMemory: String?
  public var hotPluggableIsMovable = false
  public var memmapOnMemory: [UInt8]?
  public var addedMemoryStates: [[UInt8]] = []

  /// What differs between both meanings, one line for each field.
  public func differences(from other: Self) -> [String] {
    zip(Mirror(reflecting: self).children, Mirror(reflecting: other).children).compactMap {
      let (own, others) = (Self.shown($0.value), Self.shown($1.value))
      return own == others ? nil : "\($0.label ?? "?"): \(own), not \(others)"
    }
  }

  /// A value as text, the same for equal values.
  private static func shown(_ value: Any) -> String {
    switch value {
    case let texts as [[UInt8]]: texts.map(shownBytes).description
    case let text as [UInt8]?: text.map(shownBytes) ?? "nil"
    case let pools as [Pool]:
      pools.map { "\($0.byteCount): \($0.total) \(shown($0.nodes))" }.description
    case let counts as [UInt: UInt]:
      counts.sorted { $0.key < $1.key }.map { "\($0):\($1)" }.description
    default: String(describing: value)
    }
  }

  private static func shownBytes(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })).debugDescription
  }
}
