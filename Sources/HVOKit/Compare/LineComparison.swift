// SPDX-License-Identifier: Apache-2.0

/// One line of a script, and what each kernel answered to it.
struct LineComparison {
  /// The number, from 1.
  let number: Int
  let text: String
  /// The kernels' answers, in the order of the kernels.
  let answers: [KernelAnswer]
  /// What they printed, side by side.
  let rows: [AnswerRow]

  /// Compares the runs' lines; `lines` are the same line on each kernel.
  init(_ lines: [ScriptRunReport.Line]) {
    number = lines.first?.number ?? 0
    text = lines.first?.text ?? ""
    let answers = lines.map(KernelAnswer.init)
    self.answers = answers
    let printing = answers.filter { !$0.isSilent }
    let isExcused = answers.map { answer in
      answer.isSilent && !printing.contains { $0.ending == answer.ending }
    }
    var alignment = AnswerAlignment(isExcused.map { $0 ? .silent : .absent })
    let ends = Set(printing.filter { !$0.output.bytes.isEmpty }.map(\.isUnterminated))
    for (kernel, answer) in answers.enumerated() where !isExcused[kernel] {
      let open = ends.count > 1 && answer.isUnterminated
      alignment.add(
        answer.lines + (open ? [AnswerLine("(no newline at the end)")] : []), ofKernel: kernel)
    }
    rows = alignment.rows
  }

  /// Whether not all kernels answered the same.
  var differs: Bool { answers.dropFirst().contains { $0 != answers[0] } }

  /// Whether the line ended differently, whatever was printed.
  var endsDifferently: Bool { answers.dropFirst().contains { $0.ending != answers[0].ending } }

  /// Whether the kernels print the same lines and end alike, but for the order of the lines.
  var differsInOrderOnly: Bool {
    differs && !endsDifferently && !rows.contains(where: \.differs)
  }

  /// Whether it went otherwise than the script wants on any kernel.
  var hasFailure: Bool { answers.contains { $0.ending.failure != nil } }

  /// Whether kernel number `kernel` answered otherwise than the one before.
  func changes(withKernel kernel: Int) -> Bool { answers[kernel - 1] != answers[kernel] }
}

extension KernelAnswer.Ending {
  /// The ending in a word.
  var word: String {
    switch self {
    case .good: "ok"
    case .expectedError(let name): name
    case .failed: "FAILED"
    }
  }

  /// The ending in full.
  var phrase: String {
    switch self {
    case .good, .expectedError: word
    case .failed(let how): "\(word): \(how)"
    }
  }

  /// What went otherwise than the script wants it.
  var failure: String? { if case .failed(let how) = self { how } else { nil } }
}
