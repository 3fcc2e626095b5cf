// SPDX-License-Identifier: Apache-2.0

/// What one kernel answered to one line of a script.
struct KernelAnswer: Equatable {
  /// How the line ended.
  enum Ending: Equatable {
    /// As the script wants it.
    case good
    /// With an error that the script expects, such as `EINVAL`.
    case expectedError(String)
    /// Otherwise than the script wants it, and how.
    case failed(String)
  }

  let output: PrintedText
  let ending: Ending
  /// Invariants that did not hold afterwards.
  let violations: [String]

  /// Takes the answer from a run's line.
  init(_ line: ScriptRunReport.Line) {
    output = line.output
    violations = line.violations
    ending =
      if let failure = line.failure {
        .failed(failure)
      } else if let error = line.error {
        .expectedError(error)
      } else {
        .good
      }
  }

  /// Whether the kernel ended with an error and without a word.
  var isSilent: Bool { ending != .good && output.bytes.isEmpty && violations.isEmpty }

  /// What was printed, line by line, and then the invariants that do not hold.
  var lines: [AnswerLine] {
    printedLines + violations.map { AnswerLine("violated: \($0)") }
  }

  /// Whether the last line that was printed has no end.
  var isUnterminated: Bool { output.bytes.last.map { $0 != UInt8(ascii: "\n") } ?? false }

  private var printedLines: [AnswerLine] {
    guard let text = output.text else { return [AnswerLine(dataDescription)] }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { AnswerLine(String($0)) }
  }

  /// What is no text, in words that are the same only for the same data.
  private var dataDescription: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325  // FNV-1a
    for byte in output.bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    let size = ByteText.count(UInt(output.bytes.count), "byte")
    return "\(size) of data, checksum \(String(hash, radix: 16))"
  }
}
