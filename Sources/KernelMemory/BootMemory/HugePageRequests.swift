// SPDX-License-Identifier: Apache-2.0

/// Which huge pages a machine can have, and where.
public struct HugePagePlatform: Equatable, Sendable {
  /// Whether pages can be asked for by node.
  public enum NodeLists: Equatable, Sendable {
    case supported, unsupported
  }

  /// The sizes, in bytes; empty if the machine has no huge pages.
  public var supportedByteCounts: [UInt]
  /// The default size where no parameter names one, in bytes.
  public var defaultByteCount: UInt
  /// The nodes that lists may name.
  public var onlineNodes: [NodeID]
  /// Whether lists may be given.
  public var nodeLists: NodeLists
  /// The largest size that the page allocator's lists hold, in bytes; pages above it are gigantic.
  public var largestListedByteCount: UInt

  /// Creates a platform.
  public init(
    supportedByteCounts: [UInt], defaultByteCount: UInt, onlineNodes: [NodeID],
    nodeLists: NodeLists = .supported, largestListedByteCount: UInt = .max
  ) {
    self.supportedByteCounts = supportedByteCounts
    self.defaultByteCount = defaultByteCount
    self.onlineNodes = onlineNodes
    self.nodeLists = nodeLists
    self.largestListedByteCount = largestListedByteCount
  }

  /// Whether there are huge pages at all.
  public var hasHugePages: Bool { !supportedByteCounts.isEmpty }

  /// Whether pages of `byteCount` bytes are gigantic.
  func isGigantic(_ byteCount: UInt) -> Bool { byteCount > largestListedByteCount }
}

/// How many pages of one size the command line asks for.
public struct HugePageRequest: Equatable, Sendable {
  /// A number of pages on a node.
  public struct NodeCount: Equatable, Sendable {
    /// The node.
    public let node: NodeID
    /// The pages wanted there.
    public let count: UInt
  }

  /// The size of a page, in bytes.
  public let byteCount: UInt
  /// The pages wanted in total. With node counts: all that was ever added for them, also where a node
  /// is named twice; it may lose its upper bits.
  public internal(set) var count: UInt = 0
  /// The pages wanted on certain nodes, by ascending node, never 0 and of 32 bits; if there are any,
  /// they decide.
  public internal(set) var nodeCounts: [NodeCount] = []

  /// Tells whether nothing is wanted.
  public var isEmpty: Bool { count == 0 && nodeCounts.isEmpty }

  init(byteCount: UInt) { self.byteCount = byteCount }

  /// Adds `count` to the total; a node named twice keeps its last count.
  mutating func add(_ count: UInt, on node: NodeID) {
    self.count &+= count
    nodeCounts.removeAll { $0.node == node }
    let count = UInt(UInt32(truncatingIfNeeded: count))
    guard count > 0 else { return }
    let index = nodeCounts.partitionPoint { $0.node >= node }
    nodeCounts.insert(NodeCount(node: node, count: count), at: index)
  }

  /// Forgets every count.
  mutating func clear() {
    count = 0
    nodeCounts = []
  }
}

/// What the huge page parameters of a command line come to.
///
/// - Linux: `max_huge_pages` and `max_huge_pages_node` of each `struct hstate`, before allocation.
public struct HugePageRequests: Equatable, Sendable {
  /// One request per supported size: those named on the line first, in their order, then the others,
  /// largest first. This is the order in which a kernel registers them.
  public internal(set) var sizes: [HugePageRequest]
  /// What is wanted of gigantic pages, in the order in which boot sets them aside. Where parameters
  /// take effect as they are met, a size may come more than once, and every time counts.
  public internal(set) var giganticRequests: [HugePageRequest]
  /// The default size in bytes.
  public internal(set) var defaultByteCount: UInt
  /// The lines that the kernel logs about the parameters, without newline.
  public internal(set) var log: [[UInt8]]
  /// How many parameters found no room where they are collected, and were ignored.
  public internal(set) var ignoredDirectiveCount: Int

  /// The request for pages of `byteCount` bytes, or `nil` if the size is not supported.
  public func request(forByteCount byteCount: UInt) -> HugePageRequest? {
    sizes.first { $0.byteCount == byteCount }
  }

  /// Interprets `directives` in their order.
  ///
  /// - Source: spec 06 section 12.
  public init(
    _ directives: [HugePageDirective], platform: HugePagePlatform, rules: BootParameterRules
  ) {
    let accepted = Self.collected(directives, platform: platform, rules: rules)
    var parser = HugePageDirectiveParser(platform: platform, rules: rules)
    for directive in accepted { parser.apply(directive) }
    parser.finish()
    sizes = parser.sizes
    giganticRequests = parser.giganticRequests
    defaultByteCount = parser.defaultByteCount
    log = parser.log
    ignoredDirectiveCount = directives.count - accepted.count
  }

  /// The directives for which there is room where the rules collect them.
  ///
  /// - Linux: `hugetlb_add_param()`: two for each size and one more, texts with their ends.
  private static func collected(
    _ directives: [HugePageDirective], platform: HugePagePlatform, rules: BootParameterRules
  ) -> [HugePageDirective] {
    guard case .collected(let textLimit) = rules.hugePageParsing else { return directives }
    let countLimit = 2 * platform.supportedByteCounts.count + 1
    var accepted: [HugePageDirective] = []
    var textByteCount = 0
    for directive in directives {
      let needed = directive.text.count + 1
      guard accepted.count < countLimit, needed <= textLimit - textByteCount else { continue }
      accepted.append(directive)
      textByteCount += needed
    }
    return accepted
  }
}
