// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Foundation
import Testing

@testable import HVOKit

@Suite struct `One script on several kernels` {
  private typealias Line = ScriptRunReport.Line

  @Test func `differs where outputs, endings or violations do`() {
    let plain = Sample.line(output: "1\n")
    #expect(!Sample.comparison(plain, plain).lines[0].differs)
    for other in [
      Sample.line(output: "2\n"), Sample.line(output: "1"), Sample.line(),
      Sample.line(output: "1\n", error: "EINVAL"), Sample.line(output: "1\n", failure: "bad"),
      Sample.line(output: "1\n", violations: ["a page is lost"]),
    ] {
      #expect(Sample.comparison(plain, other).lines[0].differs)
    }
  }

  @Test(arguments: 0..<300)
  func `marks something exactly where answers are not the same`(seed: UInt64) {
    var numbers = SplitMix(seed: seed)
    let outputs = ["", "1\n", "1", "a: 1\n", "a:  1\n", "a: 2\nb: 3\n", "b: 3\na: 2\n", "x\0y"]
    let answers = (0..<3).map { _ in
      Sample.line(
        output: outputs.randomElement(using: &numbers) ?? "",
        error: Bool.random(using: &numbers) ? "EINVAL" : nil,
        failure: Bool.random(using: &numbers) ? "bad" : nil)
    }
    let comparison = Sample.comparison(answers.map { [$0] })
    for width in [10, 40, 79, 200] {
      let marked = Sample.body(comparison, width: width).count { $0.hasPrefix("!") }
      #expect(comparison.lines[0].differs ? marked >= 2 : marked == 0, "seed \(seed)")
    }
  }

  @Test func `says which lines change from each kernel to the next`() {
    let texts = [["1", "1", "2"], ["5", "5", "5"], ["7", "8", "7"]]
    let runs = (0..<3).map { kernel in
      texts.enumerated().map { Sample.line($0 + 1, output: $1[kernel]) }
    }
    let changes = Sample.comparison(runs).changes
    #expect(changes.map(\.lines) == [[3], [1, 3]])
    #expect(changes.map(\.from) == ["A", "B"])
    #expect(changes.map(\.to) == ["B", "C"])
  }

  @Test func `a kernel that fails without a word contradicts nobody`() {
    let listing = Sample.line(output: "a: 1\nb: 2\n")
    let comparison = Sample.comparison(
      Sample.line(error: "ENOENT", failure: "ENOENT (none)"), listing, listing)
    #expect(comparison.lines[0].differs)
    #expect(comparison.lines[0].rows.allSatisfy { !$0.differs })
  }

  @Test func `a kernel that fails as others do but prints nothing lacks what they print`() {
    let comparison = Sample.comparison(
      Sample.line(failure: "bad"), Sample.line(output: "a\n", failure: "bad"))
    #expect(comparison.lines[0].rows.map(\.texts) == [["absent", "present"]])
  }

  @Test func `a kernel that succeeds without a word lacks what others print`() {
    let comparison = Sample.comparison(Sample.line(), Sample.line(output: "a\n"))
    #expect(comparison.lines[0].rows.map(\.texts) == [["absent", "present"]])
  }

  @Test func `complains once of what fails alike`() {
    let bad = Sample.line(4, output: "", error: "EINVAL", failure: "EINVAL (bad)")
    let comparison = Sample.comparison(bad, Sample.line(4), bad)
    #expect(comparison.complaints == ["x.hvo: line 4: cat /x: on A, C: EINVAL (bad)"])
  }

  @Test func `is told in JSON by its differences`() throws {
    let comparison = Sample.comparison([
      [Sample.line(1, output: "on\n"), Sample.line(2, output: "a: 1\nb: 2\n")],
      [Sample.line(1, output: "on\n"), Sample.line(2, output: "a: 1\nb: 3\nc:  0\n")],
      [Sample.line(1, output: "on\n"), Sample.line(2, error: "EPERM")],
    ])
    let report = comparison.report
    #expect(report.lineCount == 2)
    #expect(report.differences.map(\.number) == [2])
    #expect(report.differences[0].endings == ["ok", "ok", "EPERM"])
    #expect(report.differences[0].rows.map(\.name) == ["b:", "c:"])
    #expect(report.differences[0].rows.map(\.answers) == [["2", "3", nil], [nil, "0", nil]])
    #expect(report.changes.map(\.lines) == [[2], [2]])
    let json = try JSONText.text(of: report)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let again = try decoder.decode(ScriptRunReport.Comparison.self, from: Data(json.utf8))
    #expect(again == report)
  }
}
