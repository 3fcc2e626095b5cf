// SPDX-License-Identifier: Apache-2.0

/// Something that can be put through a record: a twin, or a kernel that listens.
///
/// It has booted the record's machine when it is handed over.
public protocol RecordTarget {
  /// Does `action` and tells what came of it.
  mutating func perform(_ action: RecordAction) -> ActionOutcome

  /// Tells what can be seen now; a field that cannot be seen is `nil`.
  mutating func observe() -> Observation
}

/// What came of an action.
public enum ActionOutcome: Equatable, Sendable {
  /// It succeeded and there is nothing to tell.
  case done
  /// It ended with the named error, `OK` for none; `open:` precedes one that came when opening.
  case errno(String)
  /// It read this text; a final newline does not count.
  case text(String)
  /// A program printed these lines.
  case lines([String])
  /// Every memory block took the value, except these.
  case refused([String])
  /// The target does not know how to do it.
  case unsupported(reason: String)
}

extension ActionOutcome {
  /// Whether the action failed as a whole.
  var isFailure: Bool {
    switch self {
    case .errno(let name): name != "OK"
    case .refused(let blocks): !blocks.isEmpty
    case .unsupported: true
    case .done, .text, .lines: false
    }
  }

  /// The outcome as a difference shows it.
  var value: Difference.Value {
    switch self {
    case .done: .text("OK")
    case .errno(let name): .text(name)
    case .text(let text): .text(text.hasSuffix("\n") ? String(text.dropLast()) : text)
    case .lines(let lines): .list(lines)
    case .refused(let blocks): .list(blocks)
    case .unsupported(let reason): .text("unsupported: \(reason)")
    }
  }
}
