// SPDX-License-Identifier: Apache-2.0

/// Nodes, by their positions in the topology, that an operation may use.
struct NodeMask: Equatable, Sendable {
  private var members: [Bool]

  /// The nodes for which `isMember` holds.
  init(nodeCount: Int, where isMember: (Int) -> Bool) { members = (0..<nodeCount).map(isMember) }

  /// Just one node.
  init(only position: Int, nodeCount: Int) { members = (0..<nodeCount).map { $0 == position } }

  func contains(_ position: Int) -> Bool { position < members.count && members[position] }

  /// The number of nodes.
  var count: Int { members.count { $0 } }

  /// The member after `position`, going round; nil if there is none at all.
  func next(after position: Int) -> Int? {
    for step in 1...max(members.count, 1) {
      let candidate = (position + step) % max(members.count, 1)
      if contains(candidate) { return candidate }
    }
    return nil
  }
}

/// Whose turn it is when work is spread over nodes.
///
/// The cursor stands on the node that comes next; a turn moves it to the node behind, within the
/// mask of that operation. So an operation on one node leaves the cursor there.
///
/// - Linux: `h->next_nid_to_alloc`, `h->next_nid_to_free`.
struct NodeRotation: Equatable, Sendable {
  private(set) var cursor = 0

  /// The node whose turn it is; the cursor moves on.
  mutating func takeTurn(in mask: NodeMask) -> Int? {
    guard let turn = mask.contains(cursor) ? cursor : mask.next(after: cursor) else { return nil }
    cursor = mask.next(after: turn) ?? turn
    return turn
  }
}
