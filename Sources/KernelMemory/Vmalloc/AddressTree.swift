// SPDX-License-Identifier: Apache-2.0

/// Stretches of addresses that do not overlap, each with a value, in order of address.
///
/// The tree is balanced (AVL), and each node knows the widest gap between neighbours anywhere below
/// it. So whoever seeks the lowest free stretch that is long enough never goes down in vain, and
/// finding, adding and removing all take O(log n).
///
/// ```
///            [40,50) gap 20
///            /            \
///      [10,20)           [70,80)       gaps: 20..40, 50..70, 80..90
///                            \         the root knows the widest, 20
///                           [90,99)
/// ```
///
/// Nodes lie in one array and point to each other by index.
///
/// - Linux: `vmap_area_root` and `free_vmap_area_root`.
struct AddressTree<Value> {
  /// The place of a node; negative for none.
  typealias Place = Int32
  static var nowhere: Place { -1 }

  struct Node {
    var range: Range<VirtualAddress>
    /// Also the next in the list of unused nodes.
    var left: Place = -1
    var right: Place = -1
    var height: Int32 = 1
    /// From the start of the first stretch to the end of the last one at and below the node.
    var extent: Range<VirtualAddress>
    /// The widest gap between these.
    ///
    /// - Unit: bytes.
    var widestGap: UInt = 0

    init(_ range: Range<VirtualAddress>) {
      self.range = range
      extent = range
    }
  }

  var nodes: [Node] = []
  var values: [Value?] = []
  var unused = Self.nowhere
  var root = Self.nowhere
  /// The number of stretches.
  private(set) var count = 0

  /// An empty tree.
  init() {}
}

extension AddressTree {
  /// Adds a stretch.
  ///
  /// - Precondition: it overlaps no other.
  mutating func insert(_ range: Range<VirtualAddress>, _ value: Value) {
    let place = makeNode(range, value)
    root = insert(place, under: root)
    count += 1
  }

  /// Removes the stretch that starts at `start`.
  ///
  /// - Returns: its value; nil if there is none.
  mutating func remove(startingAt start: VirtualAddress) -> Value? {
    guard let place = place(startingAt: start) else { return nil }
    root = remove(place, under: root)
    count -= 1
    defer { discard(place) }
    return values[Int(place)]
  }

  /// The value of the stretch that contains `address`.
  func value(containing address: VirtualAddress) -> Value? {
    var place = root
    while place != Self.nowhere {
      let range = nodes[Int(place)].range
      if address < range.lowerBound {
        place = nodes[Int(place)].left
      } else if address >= range.upperBound {
        place = nodes[Int(place)].right
      } else {
        return values[Int(place)]
      }
    }
    return nil
  }

  /// The value of the stretch that starts at `start`.
  func value(startingAt start: VirtualAddress) -> Value? {
    place(startingAt: start).flatMap { values[Int($0)] }
  }

  func place(startingAt start: VirtualAddress) -> Place? {
    var place = root
    while place != Self.nowhere {
      let found = nodes[Int(place)].range.lowerBound
      if found == start { return place }
      place = start < found ? nodes[Int(place)].left : nodes[Int(place)].right
    }
    return nil
  }

  /// Calls `body` with each stretch, in order of address.
  func forEach(_ body: (Range<VirtualAddress>, Value) -> Void) { forEach(under: root, body) }

  func forEach(under place: Place, _ body: (Range<VirtualAddress>, Value) -> Void) {
    guard place != Self.nowhere else { return }
    forEach(under: nodes[Int(place)].left, body)
    if let value = values[Int(place)] { body(nodes[Int(place)].range, value) }
    forEach(under: nodes[Int(place)].right, body)
  }
}
