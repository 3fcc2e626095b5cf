// SPDX-License-Identifier: Apache-2.0

/// A range of addresses that belongs to a node.
public struct NodeRange: Equatable, Sendable {
  /// The node.
  public var node: NodeID
  /// The addresses; not all need be memory.
  public var range: Range<PhysicalAddress>
  /// Whether memory may come and go here, or is still to come.
  public var isHotPluggable: Bool

  /// Creates a range.
  public init(node: NodeID, range: Range<PhysicalAddress>, isHotPluggable: Bool = false) {
    self.node = node
    self.range = range
    self.isHotPluggable = isHotPluggable
  }
}

/// Why nodes cannot be laid out as asked.
public enum NodeLayoutError: Error, Equatable, Sendable {
  /// There is no node at all.
  case noNodes
  /// The node's number is beyond ``NodeID/limit``.
  case nodeOutOfRange(NodeID)
  /// Two nodes claim the same address.
  case overlap(NodeID, NodeID, at: PhysicalAddress)
  /// There are not as many rows, or columns in a row, as nodes.
  case distanceShape
  /// A distance is below 10, above 254, or above 10 from a node to itself.
  case invalidDistance(from: NodeID, to: NodeID)
}

/// Which addresses belong to which node, and how far the nodes are from one another.
///
/// A node that has nothing but addresses for memory to come is not there before that memory is.
/// Nodes may have no range (no memory), several, or ranges that alternate with those of others;
/// between ranges there may be holes. A machine without NUMA is the layout of one node.
///
/// - Linux: `numa_meminfo`, `numa_distance`; spec 01 section 2.
public struct NodeLayout: Equatable, Sendable {
  /// The distance of a node to itself.
  public static let localDistance = 10
  /// The distance of two nodes of which nothing else is known.
  public static let remoteDistance = 20

  /// All nodes, ascending; at least one.
  public let nodes: [NodeID]
  /// The addresses of all nodes, ascending; none empty, none overlapping.
  public let ranges: [NodeRange]
  /// For each of ``nodes``, its distances to all of them.
  public let distances: [[Int]]

  /// One node with all memory.
  public static let single = Self()

  private init() {
    nodes = [NodeID(0)]
    ranges = []
    distances = [[Self.localDistance]]
  }

  /// Lays out nodes.
  ///
  /// - Parameters:
  ///   - ranges: the addresses of nodes, in any order; empty ranges only name their node.
  ///   - memorylessNodes: nodes that are online without any address.
  ///   - distances: rows and columns in ascending order of nodes; `nil` for 10 and 20.
  /// - Throws: ``NodeLayoutError``.
  public init(
    ranges: [NodeRange], memorylessNodes: [NodeID] = [], distances: [[Int]]? = nil
  ) throws(NodeLayoutError) {
    let nodes = try Self.distinctNodes(ranges.map { $0.node } + memorylessNodes)
    if let distances { try Self.check(distances, nodes) }
    self.nodes = nodes
    self.ranges = try Self.sorted(ranges)
    self.distances = distances ?? Self.defaultDistances(nodeCount: nodes.count)
  }

  /// The lowest online node, which gets memory that no range covers.
  public var firstNode: NodeID { nodes.first ?? NodeID(0) }

  /// Tells whether there is a node `node`.
  public func isOnline(_ node: NodeID) -> Bool { position(of: node) != nil }

  /// The position of `node` in ``nodes``, or `nil` if it is not online.
  public func position(of node: NodeID) -> Int? {
    let index = nodes.partitionPoint { $0 >= node }
    return index < nodes.count && nodes[index] == node ? index : nil
  }

  /// The node with `address`, or `nil` in a hole.
  ///
  /// - Complexity: O(log *n*).
  public func node(at address: PhysicalAddress) -> NodeID? {
    let index = ranges.partitionPoint { $0.range.upperBound > address }
    guard index < ranges.count, ranges[index].range.contains(address) else { return nil }
    return ranges[index].node
  }

  /// The distance between two online nodes, or `nil` if one is not online.
  public func distance(from a: NodeID, to b: NodeID) -> Int? {
    guard let row = position(of: a), let column = position(of: b) else { return nil }
    return distances[row][column]
  }

  /// The nodes that are there only once they have memory: all their addresses are for memory that may
  /// come and go.
  public var lateNodes: [NodeID] {
    nodes.filter { node in
      ranges.contains { $0.node == node }
        && !ranges.contains { $0.node == node && !$0.isHotPluggable }
    }
  }

  /// One more than the highest address that memory may be added at; nil if there is none.
  public var hotPluggableEnd: PhysicalAddress? {
    ranges.last { $0.isHotPluggable }?.range.upperBound
  }

  /// The online nodes without any address, ascending.
  public var memorylessNodes: [NodeID] {
    nodes.filter { node in !ranges.contains { $0.node == node } }
  }
}

extension NodeLayout {
  private static func defaultDistances(nodeCount: Int) -> [[Int]] {
    (0..<nodeCount).map { own in
      (0..<nodeCount).map { $0 == own ? localDistance : remoteDistance }
    }
  }

  private static func distinctNodes(_ all: [NodeID]) throws(NodeLayoutError) -> [NodeID] {
    var nodes: [NodeID] = []
    for node in all.sorted() where node != nodes.last {
      guard node.index < NodeID.limit else { throw .nodeOutOfRange(node) }
      nodes.append(node)
    }
    guard !nodes.isEmpty else { throw .noNodes }
    return nodes
  }

  private static func sorted(_ ranges: [NodeRange]) throws(NodeLayoutError) -> [NodeRange] {
    var result: [NodeRange] = []
    for next in apart(ranges).sorted(by: { $0.range.lowerBound < $1.range.lowerBound })
    where !next.range.isEmpty {
      if let last = result.last, next.range.lowerBound < last.range.upperBound {
        throw .overlap(last.node, next.node, at: next.range.lowerBound)
      }
      result.append(next)
    }
    return result
  }

  /// The same with each address named once for its node.
  ///
  /// Firmware may name what is in a slot for memory, and the slot as well; then it is the node's own.
  private static func apart(_ ranges: [NodeRange]) -> [NodeRange] {
    var result: [NodeRange] = []
    for next in ranges.filter({ !$0.isHotPluggable }) + ranges.filter({ $0.isHotPluggable }) {
      var left = [next.range]
      for other in result where other.node == next.node {
        left = left.flatMap { part -> [Range<PhysicalAddress>] in
          guard part.overlaps(other.range) else { return [part] }
          let before = min(part.lowerBound, other.range.lowerBound)..<other.range.lowerBound
          let after = other.range.upperBound..<max(part.upperBound, other.range.upperBound)
          return [before.clamped(to: part), after.clamped(to: part)].filter { !$0.isEmpty }
        }
      }
      for part in left {
        result.append(
          NodeRange(node: next.node, range: part, isHotPluggable: next.isHotPluggable))
      }
    }
    return result
  }

  private static func check(_ distances: [[Int]], _ nodes: [NodeID]) throws(NodeLayoutError) {
    guard distances.count == nodes.count, distances.allSatisfy({ $0.count == nodes.count }) else {
      throw .distanceShape
    }
    for (row, a) in nodes.enumerated() {
      for (column, b) in nodes.enumerated() {
        let distance = distances[row][column]
        let isLocal = distance == localDistance
        guard (localDistance...254).contains(distance), isLocal || row != column else {
          throw .invalidDistance(from: a, to: b)
        }
      }
    }
  }
}
