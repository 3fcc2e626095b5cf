// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import HVOKit

@Suite struct `The line editor` {
  /// Types `bytes` and tells how it ended, and what appeared.
  private func type(
    _ bytes: String, history: [String] = []
  ) throws -> (outcome: LineEditor.Outcome, screen: String) {
    let typed = TypedBytes(bytes)
    let twin = try Twin(try TwinBuilder(MachineOptions(memory: "64M")).build().specification)
    let editor = LineEditor(
      keys: KeyReader(nextByte: typed.next, hasMore: { !typed.isEmpty }), prompt: "> ",
      completion: PathCompletion(tree: twin.tree), columnCount: 40,
      write: { typed.screen += $0 })
    return (editor.readLine(history), typed.screen)
  }

  private final class TypedBytes {
    private var bytes: ArraySlice<UInt8>
    var screen = ""

    init(_ text: String) { bytes = Array(text.utf8)[...] }

    var isEmpty: Bool { bytes.isEmpty }

    func next() -> UInt8? { bytes.popFirst() }
  }

  @Test(arguments: [
    ("abc\r", "abc"), ("ac\u{1B}[Db\r", "abc"), ("bc\u{1}a\r", "abc"), ("abx\u{7F}c\r", "abc"),
    ("xabc\u{1}\u{4}\r", "abc"), ("abc x\u{17}\u{7F}\r", "abc"), ("x\u{15}abc\r", "abc"),
    ("abcx\u{2}\u{B}\r", "abc"), ("äö\u{1B}[D\u{7F}\r", "ö"), ("a\u{1B}[3~\u{1B}OHb\r", "ba"),
    ("a\u{1B}[99;99;99Xb\u{7}\r", "ab"), ("\u{1B}[D\u{7F}\u{1B}[Ca\r", "a"),
  ])
  func `keys edit the line`(keys: String, line: String) throws {
    #expect(try type(keys).outcome == .line(line))
  }

  @Test func `arrows go through the history and back to what was typed`() throws {
    let history = ["one", "two"]
    #expect(try type("\u{1B}[A\r", history: history).outcome == .line("two"))
    #expect(try type("\u{1B}[A\u{1B}[A\u{1B}[A\r", history: history).outcome == .line("one"))
    #expect(try type("x\u{1B}[A\u{1B}[B\r", history: history).outcome == .line("x"))
  }

  @Test func `the line can be given up, and the input ends`() throws {
    #expect(try type("abc\u{3}").outcome == .canceled)
    #expect(try type("\u{4}").outcome == .ended)
    #expect(try type("abc").outcome == .ended)
  }

  @Test func `Tab completes paths and commands`() throws {
    #expect(
      try type("cat /proc/sys/vm/nr_hugep\t\r").outcome == .line("cat /proc/sys/vm/nr_hugepages"))
    #expect(try type("l\t/sy\tk\t\r").outcome == .line("ls /sys/kernel/"))
    #expect(try type("echo 1 >/proc/memi\t\r").outcome == .line("echo 1 >/proc/meminfo "))
    #expect(try type("cat /nonexistent/\t\r").outcome == .line("cat /nonexistent/"))
  }

  @Test func `Tab lists what a path may become`() throws {
    let result = try type("ls /sys/kernel/mm/hugepages/hugepages-\t\u{3}")
    #expect(result.screen.contains("hugepages-1048576kB/"))
    #expect(result.screen.contains("hugepages-2048kB/"))
  }

  @Test func `a line longer than the terminal shows around the cursor`() throws {
    let line = String(repeating: "x", count: 200)
    let result = try type("\(line)\r")
    #expect(result.outcome == .line(line))
    let widest = result.screen.split(separator: "\r").map(\.count).max() ?? 0
    #expect(widest < 50)
  }

  @Test func `any bytes at all are survived`() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let bytes = (0..<100).map { _ in UInt8.random(in: 1...127, using: &generator) }
      _ = try type(String(decoding: bytes, as: UTF8.self))
    }
  }
}

@Suite struct `The shell's history` {
  @Test func `is kept in a file for the user alone`() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("hvo-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let path = "\(folder)/state/history"
    var history = ShellHistory(path: path)
    for line in ["one", "one", "  ", "two"] { history.add(line) }
    history.save()
    #expect(ShellHistory(path: path).lines == ["one", "two"])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
  }

  @Test func `forgets the oldest lines, and does without a file`() {
    var history = ShellHistory(path: nil)
    for number in 0..<1500 { history.add("\(number)") }
    history.save()
    #expect(history.lines.count == ShellHistory.limit)
    #expect(history.lines.last == "1499")
    var unwritable = ShellHistory(path: "/proc/nowhere/history")
    unwritable.add("x")
    unwritable.save()
  }

  @Test func `lies where the user's state belongs`() {
    #expect(ShellHistory.path(["XDG_STATE_HOME": "/s", "HOME": "/h"]) == "/s/hvo/history")
    #expect(ShellHistory.path(["HOME": "/h"]) == "/h/.local/state/hvo/history")
    #expect(ShellHistory.path(["XDG_STATE_HOME": "relative", "HOME": ""]) == nil)
  }
}
