// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Testing

@Suite struct `A script of the lab` {
  private static let machine = """
    #@ machine memory=256M nodes=2 cpus=2 room=512M
    #@ boot hugetlb_free_vmemmap=on
    echo 4 > /proc/sys/vm/nr_hugepages

    """

  private func lines(_ count: Int, seed: UInt64) throws -> [String] {
    let script = try Script(Array(Self.machine.utf8)[...])
    return try RandomScript(behind: script, count: count, seed: seed).lines
  }

  @Test func `is the same for the same seed, and begins alike whatever its length`() throws {
    let long = try lines(250, seed: 5)
    #expect(try lines(250, seed: 5) == long)
    #expect(try lines(250, seed: 6) != long)
    let short = try lines(90, seed: 5)
    #expect(short.dropLast().elementsEqual(long.prefix(short.count - 1)))
  }

  @Test func `holds the answers that a twin gives`() throws {
    let lines = try lines(300, seed: 5)
    #expect(lines.count { $0 == "#@ check" } == 3)
    try expectAnswers(lines)
  }

  @Test func `of a sweep holds them, too, and lets each allocation fail`() throws {
    let machine = try Script(Array(Self.machine.utf8)[...])
    let lines = try StarvedScript(behind: machine).lines
    for words in ["fail-allocation after 20", "fail-base-pages after 10", "vmalloc", "add-memory"] {
      #expect(lines.contains { $0.contains(words) })
    }
    try expectAnswers(lines)
  }

  private func expectAnswers(_ lines: [String]) throws {
    let text = Self.machine + lines.joined(separator: "\n")
    #expect(text.contains("#@ expect error"))
    let script = try Script(Array(text.utf8)[...])
    var run = try ScenarioRun(script.setup)
    for line in script.lines {
      let result = run.perform(line.command).result
      if case .failed = result { continue }
      #expect(result == .succeeded, "line \(line.number)")
    }
    #expect(run.finish() == nil)
  }
}
