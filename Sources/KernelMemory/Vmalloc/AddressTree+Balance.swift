// SPDX-License-Identifier: Apache-2.0

extension AddressTree {
  mutating func makeNode(_ range: Range<VirtualAddress>, _ value: Value) -> Place {
    guard unused != Self.nowhere else {
      nodes.append(Node(range))
      values.append(value)
      return Place(nodes.count - 1)
    }
    let place = unused
    unused = nodes[Int(place)].left
    nodes[Int(place)] = Node(range)
    values[Int(place)] = value
    return place
  }

  mutating func discard(_ place: Place) {
    values[Int(place)] = nil
    nodes[Int(place)].left = unused
    unused = place
  }

  /// Puts a new node below `top` and returns what is on top then.
  mutating func insert(_ place: Place, under top: Place) -> Place {
    guard top != Self.nowhere else { return place }
    if nodes[Int(place)].range.lowerBound < nodes[Int(top)].range.lowerBound {
      let left = insert(place, under: nodes[Int(top)].left)
      nodes[Int(top)].left = left
    } else {
      let right = insert(place, under: nodes[Int(top)].right)
      nodes[Int(top)].right = right
    }
    return balance(top)
  }

  /// Takes a node out from below `top` and returns what is on top then.
  mutating func remove(_ place: Place, under top: Place) -> Place {
    guard top != place else { return join(nodes[Int(top)].left, nodes[Int(top)].right) }
    if nodes[Int(place)].range.lowerBound < nodes[Int(top)].range.lowerBound {
      let left = remove(place, under: nodes[Int(top)].left)
      nodes[Int(top)].left = left
    } else {
      let right = remove(place, under: nodes[Int(top)].right)
      nodes[Int(top)].right = right
    }
    return balance(top)
  }

  /// Makes one tree of two neighbours whose heights differ by one at most.
  mutating func join(_ left: Place, _ right: Place) -> Place {
    guard left != Self.nowhere else { return right }
    guard right != Self.nowhere else { return left }
    var first = right
    while nodes[Int(first)].left != Self.nowhere { first = nodes[Int(first)].left }
    let rest = remove(first, under: right)
    nodes[Int(first)].left = left
    nodes[Int(first)].right = rest
    return balance(first)
  }

  func height(_ place: Place) -> Int32 {
    place == Self.nowhere ? 0 : nodes[Int(place)].height
  }

  /// Brings what a node knows of the nodes below it up to date.
  mutating func update(_ place: Place) {
    nodes[Int(place)] = updated(nodes[Int(place)])
  }

  func updated(_ node: Node) -> Node {
    var node = node
    node.height = 1 + max(height(node.left), height(node.right))
    node.extent = node.range
    node.widestGap = 0
    if node.left != Self.nowhere {
      let left = nodes[Int(node.left)]
      node.extent = left.extent.lowerBound..<node.extent.upperBound
      let gap = node.range.lowerBound.rawValue &- left.extent.upperBound.rawValue
      node.widestGap = max(left.widestGap, gap)
    }
    if node.right != Self.nowhere {
      let right = nodes[Int(node.right)]
      node.extent = node.extent.lowerBound..<right.extent.upperBound
      let gap = right.extent.lowerBound.rawValue &- node.range.upperBound.rawValue
      node.widestGap = max(node.widestGap, right.widestGap, gap)
    }
    return node
  }

  /// Brings a node whose sides differ by two at most into balance, and returns what is on top then.
  mutating func balance(_ place: Place) -> Place {
    let (left, right) = (nodes[Int(place)].left, nodes[Int(place)].right)
    let lean = height(left) - height(right)
    if lean > 1 {
      if height(nodes[Int(left)].left) < height(nodes[Int(left)].right) {
        let top = rotateLeft(left)
        nodes[Int(place)].left = top
      }
      return rotateRight(place)
    }
    if lean < -1 {
      if height(nodes[Int(right)].right) < height(nodes[Int(right)].left) {
        let top = rotateRight(right)
        nodes[Int(place)].right = top
      }
      return rotateLeft(place)
    }
    update(place)
    return place
  }

  mutating func rotateLeft(_ place: Place) -> Place {
    let top = nodes[Int(place)].right
    nodes[Int(place)].right = nodes[Int(top)].left
    nodes[Int(top)].left = place
    update(place)
    update(top)
    return top
  }

  mutating func rotateRight(_ place: Place) -> Place {
    let top = nodes[Int(place)].left
    nodes[Int(place)].left = nodes[Int(top)].right
    nodes[Int(top)].right = place
    update(place)
    update(top)
    return top
  }
}

extension AddressTree {
  /// The longest way down.
  var depth: Int { Int(height(root)) }

  /// Whether stretches are in order and apart, sides in balance, and nodes know what lies below.
  var isSound: Bool {
    var found = 0
    var end = VirtualAddress(0)
    var isSound = isSound(under: root)
    forEach { range, _ in
      if range.isEmpty || range.lowerBound < end { isSound = false }
      end = range.upperBound
      found += 1
    }
    return isSound && found == count
  }

  func isSound(under place: Place) -> Bool {
    guard place != Self.nowhere else { return true }
    let node = nodes[Int(place)]
    let wanted = updated(node)
    return abs(height(node.left) - height(node.right)) <= 1 && node.height == wanted.height
      && node.extent == wanted.extent && node.widestGap == wanted.widestGap
      && isSound(under: node.left) && isSound(under: node.right)
  }
}
