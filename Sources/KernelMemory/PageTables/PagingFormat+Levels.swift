// SPDX-License-Identifier: Apache-2.0

extension PagingFormat {
  /// One level of the tables.
  public struct Level: Sendable {
    /// What the kernel calls the level.
    public var name: PageTableLevel
    /// log2 of the bytes that one entry maps.
    public var shift: UInt
    /// log2 of the entries in a table of this level.
    public var bits: UInt
    /// Whether an entry may map memory by itself instead of pointing to a table.
    public var allowsLeaf: Bool
  }

  /// Up to five levels of tables, from the last (PTE) up.
  ///
  /// Every step of every walk asks for a shift and a width, so these stand in bytes of one word each:
  /// asking is a shift and a mask, where an array would be copied.
  public struct Levels: Sendable {
    /// The number of levels.
    public let count: Int
    private var shifts: UInt64 = 0
    private var widths: UInt64 = 0
    private var names: UInt64 = 0
    private var leaves: UInt64 = 0

    /// The level at `index`, counted from the last one.
    ///
    /// - Precondition: there is such a level.
    public subscript(index: Int) -> Level {
      @inline(__always) get {
        Level(
          name: Self.name(UInt8(truncatingIfNeeded: Self.byte(index, of: names))),
          shift: Self.byte(index, of: shifts), bits: Self.byte(index, of: widths),
          allowsLeaf: Self.byte(index, of: leaves) != 0)
      }
      set {
        Self.set(index, of: &names, to: UInt(newValue.name.rawValue))
        Self.set(index, of: &shifts, to: newValue.shift)
        Self.set(index, of: &widths, to: newValue.bits)
        Self.set(index, of: &leaves, to: newValue.allowsLeaf ? 1 : 0)
      }
    }

    @inline(__always)
    private static func byte(_ index: Int, of word: UInt64) -> UInt {
      UInt(truncatingIfNeeded: (word &>> (UInt64(truncatingIfNeeded: index) &* 8)) & 0xFF)
    }

    private static func set(_ index: Int, of word: inout UInt64, to value: UInt) {
      let place = UInt64(index) * 8
      word = word & ~(0xFF << place) | UInt64(value) << place
    }

    @inline(__always)
    private static func name(_ rawValue: UInt8) -> PageTableLevel {
      guard let name = PageTableLevel(rawValue: rawValue) else {
        preconditionFailure("only names are stored")
      }
      return name
    }
  }
}

extension PagingFormat.Levels: ExpressibleByArrayLiteral {
  /// - Precondition: there are one to five levels.
  public init(arrayLiteral elements: PagingFormat.Level...) {
    precondition((1...5).contains(elements.count))
    count = elements.count
    for (index, level) in elements.enumerated() { self[index] = level }
  }
}
