// SPDX-License-Identifier: Apache-2.0

@testable import HVOKit

/// Runs of one script, made up: what each kernel answers is written down and not computed.
enum Sample {
  /// A line that printed `output` and went as it should, unless `failure` says otherwise.
  static func line(
    _ number: Int = 1, _ text: String = "cat /x", output: String = "", error: String? = nil,
    failure: String? = nil, violations: [String] = []
  ) -> ScriptRunReport.Line {
    ScriptRunReport.Line(
      number: number, text: text, output: PrintedText(Array(output.utf8)), error: error,
      failure: failure, wanted: nil, found: nil, violations: violations, isExpectation: false)
  }

  /// One line of a script to which kernels A, B, C, … give these answers.
  static func comparison(_ answers: ScriptRunReport.Line...) -> ScriptComparison {
    comparison(answers.map { [$0] })
  }

  /// A script of which `runs` has the lines on each kernel.
  static func comparison(_ runs: [[ScriptRunReport.Line]]) -> ScriptComparison {
    ScriptComparison(
      zip("ABCDEFGH", runs).map { name, lines in
        ScriptRunReport.Run(script: "x.hvo", kernel: String(name), lines: lines)
      })
  }

  /// What is shown of the only line, without heading and summary.
  static func body(
    _ comparison: ScriptComparison, _ scope: ComparisonScope = .everything, width: Int = 79,
    _ style: TextStyle = .plain
  ) -> [String] {
    Array(comparison.text(scope, width: width, style).dropFirst().dropLast())
  }
}
