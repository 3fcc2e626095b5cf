// SPDX-License-Identifier: Apache-2.0

import KernelMemoryLab
import Testing

@testable import HVOKit

@Suite struct `Lines side by side` {
  /// The rows of kernels that print these lines; `-` stands for none.
  private func rows(_ kernels: [String]...) -> [[String]] {
    var alignment = AnswerAlignment(kernels.map { _ in .absent })
    for (kernel, lines) in kernels.enumerated() {
      alignment.add(lines.map(AnswerLine.init), ofKernel: kernel)
    }
    return alignment.rows.map { $0.cells.map { $0.line?.text ?? "-" } }
  }

  @Test(arguments: [
    ("MemFree:         1934060 kB", "MemFree:", "1934060 kB"),
    ("Node 0 MemTotal:  2 kB", "Node 0 MemTotal:", "2 kB"),
    ("nr_free_pages 483515", "nr_free_pages", "483515"),
    ("  pages free     39", "pages free", "39"),
    ("Node 0, zone   Normal   33   1   231 ", "Node 0, zone   Normal", "33   1   231"),
    ("        protection: (0, 7, 7)", "protection:", "(0, 7, 7)"), ("promo -1", "promo", "-1"),
    ("512", nil, "512"), ("1 2 kB", nil, "1 2 kB"), ("Hugepagesize:", "Hugepagesize:", ""),
    ("nr_hugepages", nil, nil), ("always [never]", nil, nil), ("0-3", nil, nil), ("", nil, nil),
    (":", nil, nil), ("kB", nil, nil), ("zone kB", nil, nil), ("-", nil, nil),
  ])
  func `have a name and a value, or are phrases`(text: String, name: String?, value: String?) {
    let line = AnswerLine(text)
    #expect(line.name == name)
    #expect(line.value == value)
  }

  @Test func `stand together by name, whatever comes between`() {
    #expect(
      rows(["a: 1", "c: 3"], ["a: 1", "b: 2", "c: 4"], ["b: 2", "c: 4", "d: 5"]) == [
        ["a: 1", "a: 1", "-"], ["-", "b: 2", "b: 2"], ["c: 3", "c: 4", "c: 4"], ["-", "-", "d: 5"],
      ])
  }

  @Test func `stand together by name where another kernel has another order`() {
    #expect(
      rows(["a 1", "b 2", "c 3"], ["c 3", "a 1", "n 9", "b 2"]) == [
        ["a 1", "a 1"], ["-", "n 9"], ["b 2", "b 2"], ["c 3", "c 3"],
      ])
  }

  @Test func `keep their order where names come again`() {
    #expect(
      rows(
        ["Node 0", "  free 1", "  high 2", "Node 1", "  free 3", "  high 4"],
        ["Node 0", "  free 1", "  low 7", "  high 2", "Node 1", "  free 4", "  low 8", "  high 4"])
        == [
          ["Node 0", "Node 0"], ["  free 1", "  free 1"], ["-", "  low 7"],
          ["  high 2", "  high 2"], ["Node 1", "Node 1"], ["  free 3", "  free 4"],
          ["-", "  low 8"], ["  high 4", "  high 4"],
        ])
  }

  @Test func `phrases that replace each other share a row`() {
    #expect(
      rows(["always [madvise]"], ["[always] madvise"], ["always [madvise]"])
        == [["always [madvise]", "[always] madvise", "always [madvise]"]])
    #expect(
      rows(["a", "old", "z"], ["a", "new", "z"]) == [["a", "a"], ["old", "new"], ["z", "z"]])
  }

  @Test func `phrases that only one kernel has have a row of their own`() {
    #expect(
      rows(["free", "nr", "resv"], ["demote", "free", "nr", "resv"])
        == [["-", "demote"], ["free", "free"], ["nr", "nr"], ["resv", "resv"]])
  }

  @Test func `lists of numbers stand together by place`() {
    #expect(rows(["1", "2"], ["1", "3", "4"]) == [["1", "1"], ["2", "3"], ["-", "4"]])
  }

  @Test func `texts too long for a search stand together by place`() {
    let old = (0..<3_000).map { "phrase \($0) x" }
    #expect(rows(old, ["new"] + old).first == ["phrase 0 x", "new"])
  }

  @Test(arguments: 0..<200)
  func `none is lost or told twice, whatever kernels print`(seed: UInt64) {
    var numbers = SplitMix(seed: seed)
    let words = ["a: 1", "a: 2", "b: 1", "c 7", "c 8", "  d 9", "7", "8", "on", "off", ""]
    let kernels = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in
      (0..<Int.random(in: 0...9, using: &numbers)).compactMap { _ in
        words.randomElement(using: &numbers)
      }
    }
    var alignment = AnswerAlignment(kernels.map { _ in .absent })
    for (kernel, lines) in kernels.enumerated() {
      alignment.add(lines.map(AnswerLine.init), ofKernel: kernel)
    }
    for (kernel, lines) in kernels.enumerated() {
      let told = alignment.rows.compactMap { $0.cells[kernel].line?.text }
      #expect(told.sorted() == lines.sorted(), "seed \(seed)")
    }
    #expect(alignment.rows.allSatisfy { $0.cells.contains { $0.line != nil } }, "seed \(seed)")
  }
}
