// SPDX-License-Identifier: Apache-2.0

// `#@ take-pages`, `#@ release-pages`, `#@ poison` and `#@ unpoison`.

extension ScriptParser {
  /// The command that a directive about base pages asks for; nil if it is about others.
  static func pageCommand(
    _ name: ArraySlice<UInt8>, _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> ScriptCommand? {
    if name.isWord("take-pages") { return .takePages(try pagesRequest(&rest)) }
    if name.isWord("release-pages") {
      guard let name = rest.popWord() else { throw .missingArgument }
      return .releasePages(Array(name))
    }
    if name.isWord("poison") { return .poison(try address(&rest)) }
    return name.isWord("unpoison") ? .unpoison(try address(&rest)) : nil
  }

  /// Reads `COUNT [fixed] [node N] as NAME`.
  private static func pagesRequest(
    _ rest: inout ArraySlice<UInt8>
  ) throws(ScriptProblem) -> PagesRequest {
    var request = PagesRequest(
      pageCount: try number(&rest), node: nil, isFixed: false, name: [])
    while let word = rest.popWord() {
      if word.isWord("fixed"), !request.isFixed {
        request.isFixed = true
      } else if word.isWord("node"), request.node == nil {
        let node = try number(&rest)
        guard node < UInt(NodeID.limit) else { throw .badNumber }
        request.node = NodeID(Int(node))
      } else if word.isWord("as") {
        guard let name = rest.popWord() else { throw .missingArgument }
        request.name = Array(name)
        return request
      } else {
        throw .unexpectedArgument
      }
    }
    throw .missingArgument
  }
}
