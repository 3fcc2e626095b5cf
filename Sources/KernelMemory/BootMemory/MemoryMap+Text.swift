// SPDX-License-Identifier: Apache-2.0

/// Why a text is no memory map, and where.
public struct MemoryMapTextError: Error, Equatable, Sendable {
  /// What is wrong with a line.
  public enum Problem: Equatable, Sendable {
    /// The line does not start with two hexadecimal numbers joined by a hyphen.
    case noAddressRange
    /// The end lies below the start.
    case reversedRange
    /// The kind of memory is none that is known.
    case unknownKind
    /// All addresses are zero: the kernel hides them from readers without privilege.
    case addressesHidden
  }

  /// The number of the line, from 1.
  public let line: Int
  /// What is wrong with it.
  public let problem: Problem
}

extension MemoryMap {
  /// Reads a firmware map in one of two forms.
  ///
  /// - The boot log: lines with `BIOS-e820: [mem 0x0-0x9fbff] usable`, the end inclusive; all other
  ///   lines of the log are ignored.
  /// - Plain: `0x0-0x9fc00 usable` on each line, the end *exclusive*; empty lines and lines that start
  ///   with `#` are ignored. `[mem …]` may be written here too, inclusive as in the log.
  ///
  /// - Throws: ``MemoryMapTextError`` for the first line that cannot be read.
  public static func parse(
    firmwareText text: ArraySlice<UInt8>
  ) throws(MemoryMapTextError) -> MemoryMap {
    let isLog = text.firstIndex(of: logMark) != nil
    var entries: [MemoryMapEntry] = []
    var lines = TextLines(text)
    while let line = lines.next() {
      let entry: MemoryMapEntry?
      do throws(LineProblem) {
        entry = isLog ? try logEntry(line) : try plainEntry(line)
      } catch {
        throw MemoryMapTextError(line: lines.number, problem: error.problem)
      }
      if let entry { entries.append(entry) }
    }
    return MemoryMap(entries)
  }

  /// Reads `/proc/iomem`: what stands at the left margin and is memory of some kind.
  ///
  /// Only `System RAM` is usable. Indented lines divide their parent and are ignored, as is
  /// everything that is not memory. The ends are inclusive.
  ///
  /// - Throws: ``MemoryMapTextError``; ``MemoryMapTextError/Problem/addressesHidden`` if the text was
  ///   read without privilege.
  public static func parse(
    resourceText text: ArraySlice<UInt8>
  ) throws(MemoryMapTextError) -> MemoryMap {
    var entries: [MemoryMapEntry] = []
    var firstMemoryLine: Int?
    var highest = PhysicalAddress(0)
    var lines = TextLines(text)
    while let line = lines.next() {
      guard let first = line.first, !ASCII.isSpace(first) else { continue }
      guard let parsed = addressRange(line, end: .inclusive) else {
        throw MemoryMapTextError(line: lines.number, problem: .noAddressRange)
      }
      guard let range = parsed.value else {
        throw MemoryMapTextError(line: lines.number, problem: .reversedRange)
      }
      highest = max(highest, range.upperBound)
      guard let kind = resourceKind(line.dropFirst(parsed.byteCount)) else { continue }
      firstMemoryLine = firstMemoryLine ?? lines.number
      entries.append(MemoryMapEntry(range, kind))
    }
    // Hidden, every range reads 0-0: one byte.
    if let line = firstMemoryLine, highest.rawValue <= 1 {
      throw MemoryMapTextError(line: line, problem: .addressesHidden)
    }
    return MemoryMap(entries)
  }

  private static var logMark: StaticString { "BIOS-e820:" }

  /// Why one line cannot be read.
  private struct LineProblem: Error {
    let problem: MemoryMapTextError.Problem
  }

  private enum RangeEnd {
    case inclusive, exclusive
  }

  private static func logEntry(_ line: ArraySlice<UInt8>) throws(LineProblem) -> MemoryMapEntry? {
    guard let mark = line.firstIndex(of: logMark) else { return nil }
    let text = line[(mark + logMark.utf8CodeUnitCount)...].skippingSpaces
    // Newer kernels print the holes too.
    if ("[gap " as StaticString).isPrefix(of: text) { return nil }
    return try entry(text, end: .inclusive)
  }

  private static func plainEntry(_ line: ArraySlice<UInt8>) throws(LineProblem) -> MemoryMapEntry? {
    let text = line.trimmingSpaces
    if text.isEmpty || text.first == ASCII.numberSign { return nil }
    return try entry(text, end: .exclusive)
  }

  /// Reads `START-END KIND` or `[mem START-END] KIND`.
  private static func entry(
    _ text: ArraySlice<UInt8>, end: RangeEnd
  ) throws(LineProblem) -> MemoryMapEntry {
    let opening: StaticString = "[mem "
    let isBracketed = opening.isPrefix(of: text)
    let numbers =
      isBracketed ? text.dropFirst(opening.utf8CodeUnitCount).skippingSpaces : text
    guard let parsed = addressRange(numbers, end: isBracketed ? .inclusive : end) else {
      throw LineProblem(problem: .noAddressRange)
    }
    guard let range = parsed.value else { throw LineProblem(problem: .reversedRange) }
    var name = numbers.dropFirst(parsed.byteCount)
    if isBracketed {
      guard name.first == ASCII.closingBracket else { throw LineProblem(problem: .noAddressRange) }
      name = name.dropFirst()
    }
    guard let kind = MemoryKind(named: name) else { throw LineProblem(problem: .unknownKind) }
    return MemoryMapEntry(range, kind)
  }

  /// Reads `START-END`; the value is `nil` if the end lies below the start.
  private static func addressRange(
    _ text: ArraySlice<UInt8>, end: RangeEnd
  ) -> Parsed<Range<PhysicalAddress>?>? {
    guard let first = Parsing.leadingHex(text) else { return nil }
    let rest = text.dropFirst(first.byteCount)
    guard rest.first == ASCII.minus, let last = Parsing.leadingHex(rest.dropFirst()) else {
      return nil
    }
    let past = end == .exclusive || last.value == .max ? last.value : last.value + 1
    let range =
      past < first.value ? nil : PhysicalAddress(first.value)..<PhysicalAddress(past)
    return Parsed(value: range, byteCount: first.byteCount + 1 + last.byteCount)
  }

  /// The kind of memory in ` : NAME`, or `nil` if the name is not one of memory.
  private static func resourceKind(_ text: ArraySlice<UInt8>) -> MemoryKind? {
    let text = text.skippingSpaces
    guard text.first == ASCII.colon else { return nil }
    let name = text.dropFirst().trimmingSpaces
    return MemoryKind.allCases.first {
      $0.resourceName.isEqual(to: name)
        || ($0 == .reserved && ("reserved" as StaticString).isEqual(to: name))
    }
  }
}
