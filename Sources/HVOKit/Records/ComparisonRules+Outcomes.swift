// SPDX-License-Identifier: Apache-2.0

extension ComparisonRules {
  /// The field of an answer that is not as recorded, with both answers; `nil` if it is.
  static func outcome(
    wanted: ActionExpectation, found: ActionOutcome
  ) -> (field: String, wanted: Difference.Value)? {
    if case .unsupported = found { return ("action", wanted.value) }
    switch wanted {
    case .unknown: return nil
    case .errno(let name):
      let matches = found.value == .text(name) || (name == "OK" && !found.isFailure)
      return matches ? nil : ("errno", wanted.value)
    case .fails(let fails): return fails == found.isFailure ? nil : ("fails", wanted.value)
    case .text: return found.value == wanted.value ? nil : ("text", wanted.value)
    case .lines: return found.value == wanted.value ? nil : ("result", wanted.value)
    case .refused(let blocks):
      let matches = found.value == .list(blocks) || (blocks.isEmpty && !found.isFailure)
      return matches ? nil : ("failed", wanted.value)
    }
  }
}

extension ActionExpectation {
  /// The expectation as a difference shows it.
  var value: Difference.Value {
    switch self {
    case .unknown: .absent
    case .errno(let name): .text(name)
    case .fails(let fails): .text(fails ? "fails" : "OK")
    case .text(let text): .text(text)
    case .lines(let lines): .list(lines)
    case .refused(let blocks): .list(blocks)
    }
  }
}
