// SPDX-License-Identifier: Apache-2.0

/// A range of physical memory and what it is.
public struct MemoryMapEntry: Equatable, Sendable {
  /// The bytes; never empty inside a ``MemoryMap``.
  public var range: Range<PhysicalAddress>
  /// What they are.
  public var kind: MemoryKind

  /// Creates an entry.
  public init(_ range: Range<PhysicalAddress>, _ kind: MemoryKind) {
    self.range = range
    self.kind = kind
  }
}

/// What there is in physical memory, as the firmware tells it and boot parameters correct it.
///
/// The entries are sorted, none is empty, none overlap, and neighbours of one kind are one entry.
/// Maps given in any other state are brought into this one: where entries overlap the larger
/// ``MemoryKind`` wins. What no entry covers is a hole.
///
/// - Linux: `struct e820_table`, `e820__update_table()`.
public struct MemoryMap: Equatable, Sendable {
  /// The entries, ascending.
  public private(set) var entries: [MemoryMapEntry]

  /// Creates the map of `entries`, in any order and with any overlaps.
  ///
  /// - Complexity: O(*n* log *n*).
  public init(_ entries: [MemoryMapEntry] = []) {
    self.entries = Self.sanitized(entries)
  }

  /// The ranges of one kind, ascending.
  public func ranges(of kind: MemoryKind) -> [Range<PhysicalAddress>] {
    entries.compactMap { $0.kind == kind ? $0.range : nil }
  }

  /// The ranges of usable memory, ascending.
  public var usableRanges: [Range<PhysicalAddress>] { ranges(of: .usable) }

  /// The bytes of usable memory.
  public var usableByteCount: UInt {
    usableRanges.reduce(0) { $0 &+ $1.byteCount }
  }

  /// The end of the highest usable range; zero if there is none.
  public var usableEnd: PhysicalAddress {
    usableRanges.last?.upperBound ?? PhysicalAddress(0)
  }

  /// The end of the highest range that can have descriptors: usable memory, or memory of a device.
  public var describableEnd: PhysicalAddress {
    let last = entries.last { entry in
      switch entry.kind {
      case .usable, .persistent, .legacyPersistent, .softReserved: true
      case .reserved, .acpi, .nvs, .unusable: false
      }
    }
    return last?.range.upperBound ?? PhysicalAddress(0)
  }

  /// The kind of the byte at `address`, or `nil` in a hole.
  public func kind(at address: PhysicalAddress) -> MemoryKind? {
    let index = entries.partitionPoint { $0.range.upperBound > address }
    guard index < entries.count, entries[index].range.contains(address) else { return nil }
    return entries[index].kind
  }
}

extension MemoryMap {
  /// A place where an entry starts or ends.
  private struct Edge {
    let address: PhysicalAddress
    let kind: Int
    let change: Int
  }

  /// Sweeps over the edges of all entries and keeps, between two edges, the largest kind there.
  private static func sanitized(_ entries: [MemoryMapEntry]) -> [MemoryMapEntry] {
    let kinds = MemoryKind.allCases
    var active = [Int](repeating: 0, count: kinds.count)
    var result: [MemoryMapEntry] = []
    var start = PhysicalAddress(0)
    for edge in edges(of: entries, kinds: kinds) {
      if start < edge.address, let kind = active.lastIndex(where: { $0 > 0 }) {
        append(MemoryMapEntry(start..<edge.address, kinds[kind]), to: &result)
      }
      active[edge.kind] += edge.change
      start = edge.address
    }
    return result
  }

  private static func edges(of entries: [MemoryMapEntry], kinds: [MemoryKind]) -> [Edge] {
    var edges: [Edge] = []
    for entry in entries where !entry.range.isEmpty {
      guard let kind = kinds.firstIndex(of: entry.kind) else { continue }
      edges.append(Edge(address: entry.range.lowerBound, kind: kind, change: 1))
      edges.append(Edge(address: entry.range.upperBound, kind: kind, change: -1))
    }
    return edges.sorted { $0.address < $1.address }
  }

  private static func append(_ entry: MemoryMapEntry, to entries: inout [MemoryMapEntry]) {
    if let last = entries.last, last.kind == entry.kind,
      last.range.upperBound == entry.range.lowerBound
    {
      entries[entries.count - 1].range = last.range.lowerBound..<entry.range.upperBound
    } else {
      entries.append(entry)
    }
  }
}
