// SPDX-License-Identifier: Apache-2.0

// What stands behind `#@`.

extension ScriptParser {
  static func directive(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> Statement {
    var rest = text
    guard let name = rest.popWord() else { throw .missingArgument }
    if let change = try setup(name, rest) { return .setup(change) }
    return .command(try command(name, &rest))
  }

  private static func setup(
    _ name: ArraySlice<UInt8>, _ rest: ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptSetup.Change? {
    if name.isWord("machine") { return .machine(try machine(rest)) }
    if name.isWord("boot") { return .boot(Array(rest)) }
    if name.isWord("only") { return .only(try kernels(rest)) }
    guard name.isWord("kernel") else { return nil }
    guard !rest.isEmpty else { throw .missingArgument }
    guard let kernel = KernelDesign.named(rest) else { throw .unknownKernel }
    return .kernel(kernel)
  }

  private static func command(
    _ name: ArraySlice<UInt8>, _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptCommand {
    if name.isWord("expect") { return try expectation(rest) }
    let command = try shortCommand(name, &rest)
    guard rest.isEmpty else { throw .unexpectedArgument }
    return command
  }

  private static func shortCommand(
    _ name: ArraySlice<UInt8>, _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptCommand {
    if name.isWord("fail-allocation") {
      guard let word = rest.popWord() else { throw .missingArgument }
      guard word.isWord("after") else { throw .unexpectedArgument }
      let first = try number(&rest)
      guard let word = rest.popWord() else { return .failAllocation(after: first) }
      guard word.isWord("then") else { throw .unexpectedArgument }
      return .failAllocation(after: first, then: try number(&rest))
    }
    if name.isWord("fail-base-pages") {
      guard let word = rest.popWord() else { return .failBasePages(after: 0) }
      guard word.isWord("after") else { throw .unexpectedArgument }
      return .failBasePages(after: try number(&rest))
    }
    if name.isWord("fail-nothing") { return .failNothing }
    if name.isWord("check") { return .check }
    if name.isWord("cpu") {
      let cpu = try number(&rest)
      guard cpu < UInt(MachineDescription.mostCPUs) else { throw .badNumber }
      return .useCPU(Int(cpu))
    }
    if let command = try deviceCommand(name, &rest) { return command }
    if name.isWord("map-huge") { return .mapHuge(try mapRequest(&rest)) }
    if name.isWord("vmalloc") { return try vmalloc(&rest) }
    if name.isWord("vfree") {
      guard let name = rest.popWord() else { throw .missingArgument }
      return .vfree(Array(name))
    }
    if name.isWord("add-memory") { return .addMemory(try memoryRequest(&rest)) }
    if name.isWord("remove-memory") { return .removeMemory(try memoryTarget(&rest)) }
    if let command = try pageCommand(name, &rest) { return command }
    if name.isWord("remember") { return .remember(try field(&rest)) }
    if name.isWord("unmap") {
      guard let name = rest.popWord() else { throw .missingArgument }
      return .unmap(name.isWord("all") ? nil : Array(name))
    }
    throw .unknownDirective
  }

  /// Reads `COUNT SIZE touch|reserve|noreserve-touch [as NAME]`.
  private static func mapRequest(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> HugeMapRequest {
    let count = try number(&rest)
    guard let size = rest.popWord(), let use = rest.popWord() else { throw .missingArgument }
    var request = HugeMapRequest(
      pageCount: count, pageByteCount: try self.size(size), use: .touch, name: [])
    if use.isWord("reserve") {
      request.use = .reserve
    } else if use.isWord("noreserve-touch") {
      request.use = .touchUnreserved
    } else if !use.isWord("touch") {
      throw .unexpectedArgument
    }
    guard let word = rest.popWord() else { return request }
    guard word.isWord("as") else { throw .unexpectedArgument }
    guard let name = rest.popWord() else { throw .missingArgument }
    request.name = Array(name)
    return request
  }

  /// Reads `BYTES [huge] [node N] as NAME`.
  private static func vmalloc(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptCommand {
    guard let size = rest.popWord() else { throw .missingArgument }
    var request = VmallocRequest(byteCount: try self.size(size))
    while let word = rest.popWord() {
      if word.isWord("huge"), request.mapping == .basePages, request.node == nil {
        request.mapping = .largestThatFits
      } else if word.isWord("node"), request.node == nil {
        let node = try number(&rest)
        guard node < UInt(NodeID.limit) else { throw .badNumber }
        request.node = NodeID(Int(node))
      } else if word.isWord("as") {
        guard let name = rest.popWord() else { throw .missingArgument }
        request.caller = Array(name)
        return .vmalloc(request, as: Array(name))
      } else {
        throw .unexpectedArgument
      }
    }
    throw .missingArgument
  }

  static func number(_ rest: inout ArraySlice<UInt8>) throws(ScriptProblem) -> UInt {
    guard let word = rest.popWord() else { throw .missingArgument }
    guard let value = try? Parsing.sysfsUnsignedAutoBase(word) else { throw .badNumber }
    return value
  }

  /// Reads a size other than 0, such as `2M`.
  static func size(_ text: ArraySlice<UInt8>) throws(ScriptProblem) -> UInt {
    let size = Parsing.memorySize(text)
    guard size.isWholeText, !size.overflowed, size.byteCount > 0 else { throw .badSize }
    return size.byteCount
  }
}
