// SPDX-License-Identifier: Apache-2.0

/// How much contiguous memory is kept for gigantic pages: `hugetlb_cma=`.
///
/// - Linux: `cmdline_parse_hugetlb_cma()`; spec 06 section 12.
public struct ContiguousPoolRequest: Equatable, Sendable {
  /// The bytes wanted in total; zero for none.
  public private(set) var byteCount: UInt = 0
  /// The bytes wanted on certain nodes, by ascending node; empty to spread the total.
  public private(set) var nodeByteCounts: [NodeByteCount] = []
  /// `hugetlb_cma_only=`, whether or not it means anything.
  var wantsExclusiveUse = false

  /// A number of bytes on a node.
  public struct NodeByteCount: Equatable, Sendable {
    /// The node; nothing says that it is online.
    public let node: NodeID
    /// The bytes wanted there.
    public let byteCount: UInt
  }

  /// Whether gigantic pages may come from nowhere else: `hugetlb_cma_only=` beside `hugetlb_cma=`.
  public var isExclusive: Bool { wantsExclusiveUse && byteCount > 0 }

  /// Reads `SIZE` or, where there are such lists, `NODE:SIZE,…`; what cannot be read ends the list.
  mutating func read(_ text: ArraySlice<UInt8>, _ rules: BootParameterRules) {
    guard rules.readsNodeLists else {
      byteCount = Parsing.memorySize(text).byteCount
      return
    }
    var rest = text
    while let number = Parsing.leadingDecimal(rest) {
      let afterNumber = rest.dropFirst(number.byteCount)
      guard afterNumber.first == ASCII.colon else {
        // Not a node: the kernel reads the whole text anew, as one size.
        byteCount = Parsing.memorySize(text).byteCount
        return
      }
      guard number.value < UInt(NodeID.limit) else { return }
      let size = Parsing.memorySize(afterNumber.dropFirst())
      add(size.byteCount, on: NodeID(Int(bitPattern: number.value)))
      guard size.rest.first == ASCII.comma else { return }
      rest = size.rest.dropFirst()
    }
  }

  /// Adds to the total; a node named twice keeps its last size. The total may lose its upper bits.
  private mutating func add(_ byteCount: UInt, on node: NodeID) {
    self.byteCount &+= byteCount
    let index = nodeByteCounts.partitionPoint { $0.node >= node }
    let entry = NodeByteCount(node: node, byteCount: byteCount)
    if index < nodeByteCounts.count, nodeByteCounts[index].node == node {
      nodeByteCounts[index] = entry
    } else {
      nodeByteCounts.insert(entry, at: index)
    }
  }
}
