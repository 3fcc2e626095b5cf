// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

@Suite struct `A comparison for people` {
  @Test func `prints what is alike once, and marks what differs`() {
    let comparison = Sample.comparison(
      Sample.line(output: "Total:  8 kB\nFree:   7 kB\n"),
      Sample.line(output: "Total:  8 kB\nFree:   5 kB\nNew:  1\n"))
    #expect(
      comparison.text(.everything, width: 79, .plain) == [
        "x.hvo on A and B  (! marks what differs)",
        "! 1  cat /x       A       B",
        "     Total:  8 kB",
        "!    Free:     7 kB    5 kB",
        "!    New:    absent       1",
        "1 of 1 line differs",
      ])
  }

  @Test func `can leave out what is alike`() {
    let comparison = Sample.comparison([
      [Sample.line(1, output: "same\n"), Sample.line(2, output: "a: 1\nb: 2\n")],
      [Sample.line(1, output: "same\n"), Sample.line(2, output: "a: 1\nb: 3\n")],
    ])
    #expect(
      Sample.body(comparison, .differences) == ["! 2  cat /x  A  B", "!    b:      2  3"])
  }

  @Test func `shows what failed, even alike and among differences only`() {
    let bad = Sample.line(failure: "EINVAL (bad)")
    #expect(
      Sample.body(Sample.comparison(bad, bad), .differences)
        == ["  1  cat /x", "     FAILED: EINVAL (bad)"])
  }

  @Test func `says in sentences how lines failed, and in words how they ended otherwise`() {
    #expect(
      Sample.body(Sample.comparison(Sample.line(failure: "wanted '1', found '2'"), Sample.line()))
        == ["! 1  cat /x", "!    A  FAILED: wanted '1', found '2'", "!    B  ok"])
    #expect(
      Sample.body(Sample.comparison(Sample.line(error: "EINVAL"), Sample.line()))
        == ["! 1  cat /x       A       B", "!            EINVAL      ok"])
    #expect(
      Sample.body(Sample.comparison(Sample.line(error: "EINVAL"), Sample.line(error: "EINVAL")))
        == ["  1  cat /x", "     error EINVAL"])
  }

  @Test func `stacks what is too long for columns, alike kernels together`() {
    let long = String(repeating: "long ", count: 9) + "end"
    let comparison = Sample.comparison(
      Sample.line(output: "\(long)\n"), Sample.line(output: "short\n"),
      Sample.line(output: "\(long)\n"))
    #expect(
      Sample.body(comparison) == ["! 1  cat /x", "!    A, C  \(long)", "!    B     short"])
    let lists = Sample.comparison(
      Sample.line(output: "zone 100 200 300 400 500 600 700 800 900 100\n"),
      Sample.line(output: "zone 1 200 300 400 500 600 700 800 900 100\n"), Sample.line())
    #expect(
      Sample.body(lists) == [
        "! 1  cat /x", "!    zone", "!      A  100 200 300 400 500 600 700 800 900 100",
        "!      B    1 200 300 400 500 600 700 800 900 100", "!      C  absent",
      ])
  }

  @Test func `no column is wider than the terminal`() {
    let output = (1...6).map { "name\($0): \(String(repeating: "9", count: 4 * $0)) kB\n" }
    let other = (1...6).map { "name\($0): \(String(repeating: "8", count: 4 * $0)) kB\n" }
    let comparison = Sample.comparison(
      Sample.line(output: output.joined()), Sample.line(output: other.joined()),
      Sample.line(output: output.joined()), Sample.line(output: other.joined()))
    for width in 45...160 {
      #expect(Sample.body(comparison, width: width).allSatisfy { $0.count <= width }, "\(width)")
    }
  }

  @Test func `a terminal of no width at all still shows everything`() {
    let comparison = Sample.comparison(Sample.line(output: "1\n"), Sample.line(output: "2\n"))
    #expect(Sample.body(comparison, width: 0) == ["! 1  cat /x", "!    A  1", "!    B  2"])
  }

  @Test func `an indented row comes with the line that it is indented below`() {
    let comparison = Sample.comparison(
      Sample.line(output: "Node 0\n  free 1\nNode 1\n  free 2\n  high 3\n"),
      Sample.line(output: "Node 0\n  free 1\nNode 1\n  free 4\n  high 5\n"))
    #expect(
      Sample.body(comparison, .differences) == [
        "! 1  cat /x  A  B", "     Node 1", "!    free    2  4", "!    high    3  5",
      ])
  }

  @Test func `blanks alone are a difference, shown as they are`() {
    let comparison = Sample.comparison(
      Sample.line(output: "  count: 0\n"), Sample.line(output: "  count:    0\n"))
    #expect(
      Sample.body(comparison) == [
        "! 1  cat /x              A              B", "!                 count: 0    count:    0",
      ])
  }

  @Test func `the same lines in another order are a difference`() {
    #expect(
      Sample.body(
        Sample.comparison(
          Sample.line(output: "a: 1\nb: 2\n"), Sample.line(output: "b: 2\na: 1\n")),
        .differences) == ["! 1  cat /x", "!    the same lines in another order"])
  }

  @Test func `a missing newline and data that is no text are named`() {
    #expect(
      Sample.body(Sample.comparison(Sample.line(output: "1"), Sample.line(output: "1\n")))
        .contains { $0.contains("(no newline at the end)") })
    #expect(
      Sample.body(Sample.comparison(Sample.line(output: "1"), Sample.line(output: "1")))
        == ["  1  cat /x", "     1"])
    let data = Sample.body(
      Sample.comparison(Sample.line(output: "\0\u{1}"), Sample.line(output: "\0\u{2}")))
    #expect(data.count { $0.contains("2 bytes of data, checksum ") } == 2)
    #expect(data.allSatisfy { $0.hasPrefix("!") })
  }

  @Test func `nothing that is printed does anything to the terminal`() {
    let comparison = Sample.comparison(
      Sample.line(1, "echo \u{1B}[2J", output: "a\tb\u{7}\n\u{1B}[31m\n"),
      Sample.line(1, "echo \u{1B}[2J", output: "a\tb\u{7}\nplain\n"))
    let text = comparison.text(.everything, width: 79, .plain)
    #expect(text.allSatisfy { $0.isHarmless })
    #expect(text.contains("     a       b?"))
  }

  @Test func `colours what changes from one kernel to the next, and its mark`() {
    let comparison = Sample.comparison(
      Sample.line(output: "a: 1\n"), Sample.line(output: "a: 1\n"), Sample.line(output: "a: 2\n"))
    let row = Sample.body(comparison, .everything, .colored).last
    #expect(row == "\u{1B}[33m!\u{1B}[0m    a:      1  1  \u{1B}[33m2\u{1B}[0m")
  }

  @Test func `sums up what each kernel changes, where there are more than two`() {
    let comparison = Sample.comparison(
      Sample.line(output: "1\n"), Sample.line(output: "1\n"), Sample.line(output: "2\n"))
    #expect(
      comparison.text(.everything, width: 79, .plain).last
        == "1 of 1 line differs; A to B: 0, B to C: 1")
  }
}
