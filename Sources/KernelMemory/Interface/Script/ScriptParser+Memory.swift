// SPDX-License-Identifier: Apache-2.0

// `#@ add-memory` and `#@ remove-memory`.

extension ScriptParser {
  /// Reads `SIZE at ADDRESS [node N] [memmap-on-memory] [as NAME]`.
  static func memoryRequest(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> MemoryRequest {
    guard let size = rest.popWord() else { throw .missingArgument }
    var request = MemoryRequest(
      range: try memoryRange(size, &rest), node: nil, options: [], name: [])
    while let word = rest.popWord() {
      if word.isWord("node") {
        let node = try number(&rest)
        guard node < UInt(NodeID.limit) else { throw .badNumber }
        request.node = NodeID(Int(node))
      } else if word.isWord("memmap-on-memory") {
        request.options.insert(.memmapOnMemory)
      } else if word.isWord("as") {
        guard let name = rest.popWord() else { throw .missingArgument }
        request.name = Array(name)
      } else {
        throw .unexpectedArgument
      }
    }
    return request
  }

  /// Reads `NAME`, or `SIZE at ADDRESS`.
  static func memoryTarget(_ rest: inout ArraySlice<UInt8>) throws(ScriptProblem) -> MemoryTarget {
    guard let first = rest.popWord() else { throw .missingArgument }
    return rest.isEmpty ? .name(Array(first)) : .range(try memoryRange(first, &rest))
  }

  /// Reads `at ADDRESS` behind a size.
  private static func memoryRange(
    _ size: ArraySlice<UInt8>, _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> Range<PhysicalAddress> {
    let byteCount = try self.size(size)
    guard let word = rest.popWord() else { throw .missingArgument }
    guard word.isWord("at") else { throw .unexpectedArgument }
    guard let place = rest.popWord() else { throw .missingArgument }
    let start = Parsing.memorySize(place)
    guard start.isWholeText, !start.overflowed else { throw .badNumber }
    let (end, isTooLarge) = start.byteCount.addingReportingOverflow(byteCount)
    guard !isTooLarge else { throw .badSize }
    return PhysicalAddress(start.byteCount)..<PhysicalAddress(end)
  }
}
