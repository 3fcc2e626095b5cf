// SPDX-License-Identifier: Apache-2.0

/// A change of the memory map that a boot parameter asks for.
///
/// | parameter | edit |
/// |---|---|
/// | `mem=SIZE`, `memmap=SIZE` | ``limit(_:)`` |
/// | `memmap=SIZE@START` | ``add(_:_:)`` usable |
/// | `memmap=SIZE#START`, `$`, `!` | ``add(_:_:)`` ACPI data, reserved, persistent |
/// | `memmap=SIZE%START-OLD+NEW` | ``convert(_:from:to:)`` |
/// | `memmap=exactmap` | ``clear`` |
public enum MemoryMapEdit: Equatable, Sendable {
  /// No memory at or above the address is usable.
  case limit(PhysicalAddress)
  /// The range is of a kind; kinds that already cover it keep what they outrank.
  case add(Range<PhysicalAddress>, MemoryKind)
  /// What the range holds of `from`, or of anything, becomes `to`, or a hole.
  case convert(Range<PhysicalAddress>, from: MemoryKind?, to: MemoryKind?)
  /// Forget the firmware's map; only what is added afterwards counts.
  case clear
}

extension MemoryMap {
  /// Applies one edit.
  public mutating func apply(_ edit: MemoryMapEdit) {
    switch edit {
    case .limit(let end):
      change(end..<max(end, PhysicalAddress(.max)), from: .usable, to: nil)
    case .add(let range, let kind):
      self = MemoryMap(entries + [MemoryMapEntry(range, kind)])
    case .convert(let range, from: nil, to: let kind?):
      self = MemoryMap(entries + [MemoryMapEntry(range, kind)])
    case .convert(let range, let from, let to):
      change(range, from: from, to: to)
    case .clear:
      self = MemoryMap()
    }
  }

  /// Applies edits in their order.
  public mutating func apply(_ edits: [MemoryMapEdit]) {
    for edit in edits { apply(edit) }
  }

  /// Gives what `range` holds of `from`, or of any kind, the kind `to`, or makes a hole of it.
  private mutating func change(
    _ range: Range<PhysicalAddress>, from: MemoryKind?, to: MemoryKind?
  ) {
    var result: [MemoryMapEntry] = []
    for entry in entries {
      let isAffected = from == nil || from == entry.kind
      guard isAffected, entry.range.overlaps(range) else {
        result.append(entry)
        continue
      }
      let inside = entry.range.clamped(to: range)
      result.append(MemoryMapEntry(entry.range.lowerBound..<inside.lowerBound, entry.kind))
      if let to { result.append(MemoryMapEntry(inside, to)) }
      result.append(MemoryMapEntry(inside.upperBound..<entry.range.upperBound, entry.kind))
    }
    self = MemoryMap(result)
  }
}

extension MemoryMapEdit {
  /// Reads the value of `mem=`.
  ///
  /// - Returns: `nil` for a size of zero or no size.
  /// - Linux: `parse_memopt()`.
  static func parse(limitText text: ArraySlice<UInt8>) -> Self? {
    let size = Parsing.memorySize(text)
    return size.byteCount == 0 ? nil : .limit(PhysicalAddress(size.byteCount))
  }

  /// Reads the value of `memmap=`: edits separated by commas, without those that cannot be read.
  ///
  /// - Linux: `parse_memmap_opt()`.
  static func parse(mapText text: ArraySlice<UInt8>) -> [Self] {
    text.untilNul.split(separator: ASCII.comma).compactMap(parse(mapWord:))
  }

  /// Reads one edit. Its effect comes before what follows it is looked at, so junk there does not
  /// undo it, but for conversions.
  private static func parse(mapWord text: ArraySlice<UInt8>) -> Self? {
    if ("exactmap" as StaticString).isPrefix(of: text) { return .clear }
    let size = Parsing.memorySize(text)
    guard size.rest.count < text.count else { return nil }
    let place = Parsing.memorySize(size.rest.dropFirst())
    let range = Range(start: PhysicalAddress(place.byteCount), byteCount: size.byteCount)
    switch size.rest.first {
    case ASCII.atSign: return .add(range, .usable)
    case ASCII.numberSign: return .add(range, .acpi)
    case ASCII.dollar: return .add(range, .reserved)
    case ASCII.exclamationMark: return .add(range, .legacyPersistent)
    case ASCII.percent: return conversion(of: range, place.rest)
    default: return .limit(PhysicalAddress(size.byteCount))
    }
  }

  /// Reads `-OLD+NEW`, either of which may be missing.
  private static func conversion(
    of range: Range<PhysicalAddress>, _ text: ArraySlice<UInt8>
  ) -> Self? {
    var rest = text
    let from = kind(after: ASCII.minus, &rest)
    let to = kind(after: ASCII.plus, &rest)
    return rest.isEmpty ? .convert(range, from: from, to: to) : nil
  }

  private static func kind(after sign: UInt8, _ rest: inout ArraySlice<UInt8>) -> MemoryKind? {
    guard rest.first == sign else { return nil }
    let number = Parsing.autoBaseDigits(rest.dropFirst())
    rest = rest.dropFirst(1 + number.byteCount)
    return number.value == 0 ? nil : MemoryKind(number: number.value)
  }
}
