// SPDX-License-Identifier: Apache-2.0

#if arch(arm64)

  /// The tree in which firmware describes the machine, as a stream of tokens.
  ///
  /// It is read where it lies and takes no memory. What does not look like a tree ends it.
  ///
  /// - Source: Devicetree Specification v0.4, chapter 5 "Flattened Devicetree (DTB) Format".
  struct DeviceTree {
    /// A node: its name and where its properties begin.
    struct Node {
      fileprivate let tree: DeviceTree
      fileprivate let name: UInt
      fileprivate let properties: UInt
    }

    /// The value of a property, or a part of it.
    struct Value {
      let address: UInt
      let byteCount: UInt

      /// The cells of 32 bits.
      var cellCount: UInt { byteCount / 4 }

      func cell(_ index: UInt) -> UInt { DeviceTree.cell(at: address + index * 4) }

      /// The number in the two cells from `index` on.
      func pair(_ index: UInt) -> UInt { cell(index) << 32 | cell(index + 1) }

      /// The number that is all there is.
      var number: UInt { cellCount == 1 ? cell(0) : pair(0) }
    }

    fileprivate enum Token {
      static var beginNode: UInt { 1 }
      static var endNode: UInt { 2 }
      static var property: UInt { 3 }
      static var nothing: UInt { 4 }
    }

    private static var magic: UInt { 0xD00D_FEED }

    /// Where it lies, and its bytes.
    let start: UInt
    let byteCount: UInt
    private let structure: UInt
    fileprivate let strings: UInt

    /// The tree at `address`; nil if there is none.
    init?(at address: UInt) {
      guard address != 0, Self.cell(at: address) == Self.magic else { return nil }
      start = address
      byteCount = Self.cell(at: address + 4)
      structure = address + Self.cell(at: address + 8)
      strings = address + Self.cell(at: address + 12)
    }

    fileprivate static func cell(at address: UInt) -> UInt {
      UInt(UInt32(bigEndian: RawMemory.load(at: address)))
    }

    /// Calls `body` with each node, those above first.
    func forEachNode(_ body: (Node) -> Void) {
      var token = structure
      while token < start + byteCount {
        switch Self.cell(at: token) {
        case Token.beginNode:
          let properties = behind(text: token + 4)
          body(Node(tree: self, name: token + 4, properties: properties))
          token = properties
        case Token.property: token = behind(property: token)
        case Token.endNode, Token.nothing: token += 4
        default: return
        }
      }
    }

    private func behind(text: UInt) -> UInt {
      var end = text
      while RawMemory.load(UInt8.self, at: end) != 0 { end += 1 }
      return (end + 1).rounded(up: 4)
    }

    fileprivate func behind(property token: UInt) -> UInt {
      (token + 12 + Self.cell(at: token + 4)).rounded(up: 4)
    }

    /// The first node with such a name, which may go on with an address.
    func node(named name: StaticString) -> Node? {
      var found: Node?
      forEachNode { if found == nil, Self.matches(name, $0.name) { found = $0 } }
      return found
    }

    /// Whether the text at `address` is `text`, or goes on behind it with `@`.
    fileprivate static func matches(_ text: StaticString, _ address: UInt) -> Bool {
      text.withUTF8Buffer { bytes in
        for index in 0..<bytes.count
        where unsafe bytes[index] != RawMemory.load(UInt8.self, at: address + UInt(index)) {
          return false
        }
        let end = RawMemory.load(UInt8.self, at: address + UInt(bytes.count))
        return end == 0 || end == UInt8(ascii: "@")
      }
    }
  }

  extension DeviceTree.Node {
    /// The property called `name`.
    func value(_ name: StaticString) -> DeviceTree.Value? {
      var token = properties
      while true {
        switch DeviceTree.cell(at: token) {
        case DeviceTree.Token.nothing: token += 4
        case DeviceTree.Token.property:
          if DeviceTree.matches(name, tree.strings + DeviceTree.cell(at: token + 8)) {
            return DeviceTree.Value(address: token + 12, byteCount: DeviceTree.cell(at: token + 4))
          }
          token = tree.behind(property: token)
        default: return nil
        }
      }
    }

    /// Whether it is a device of the kind `kind`.
    func isDevice(_ kind: StaticString) -> Bool {
      value("device_type").map { DeviceTree.matches(kind, $0.address) } ?? false
    }
  }

#endif
