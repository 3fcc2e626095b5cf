// SPDX-License-Identifier: Apache-2.0

/// How one line of a script went.
public struct ScriptOutcome: Equatable, Sendable {
  /// How a command can end.
  public enum Result: Equatable, Sendable {
    /// Well.
    case succeeded
    /// With an error that the script did not expect.
    case failed(InterfaceError)
    /// With the error that the next line of the script expects.
    case failedAsExpected(InterfaceError)
    /// Something is not what it should be.
    case unmet(wanted: [UInt8], found: [UInt8])
    /// So many invariants do not hold.
    case violated(count: Int)
    /// The line speaks of other kernels.
    case skipped
    /// The machine has no such CPU, node, pool of that size, mapping or area of that name.
    case nothingThere
  }

  /// The number of the line, from 1.
  public var line: Int
  /// How it went.
  public var result: Result

  /// Line `line` went like that.
  public init(line: Int, result: Result) { (self.line, self.result) = (line, result) }

  /// Whether it went as the script wants it.
  public var isGood: Bool {
    switch result {
    case .succeeded, .failedAsExpected, .skipped: true
    case .failed, .unmet, .violated, .nothingThere: false
    }
  }
}

extension ScriptOutcome {
  /// Appends a sentence for people; none if all went well.
  public func describe(to sink: inout TextSink) {
    guard !isGood else { return }
    sink.append("line ")
    sink.appendDecimal(signed: line)
    sink.append(": ")
    switch result {
    case .succeeded, .failedAsExpected, .skipped: return
    case .failed(let error): sink.append(error.name)
    case .unmet(let wanted, let found):
      sink.append("wanted ")
      sink.append(wanted)
      sink.append(", found ")
      sink.append(found)
    case .violated(let count):
      sink.appendDecimal(signed: count)
      sink.append(" invariants do not hold")
    case .nothingThere:
      sink.append("there is no such CPU, node, page size, mapping, memory or area")
    }
    sink.newline()
  }
}
