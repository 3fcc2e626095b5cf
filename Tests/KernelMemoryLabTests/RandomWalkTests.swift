// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab
import Testing

@Suite struct `Random operations on random machines` {
  /// Each kernel on machines of its own; `hvo torture` runs as many as one likes.
  @Test(arguments: KernelDesign.all.indices)
  func `break no rule and lose no frame`(kernel: Int) {
    var walk = RandomWalk(seed: UInt64(kernel), stepsPerMachine: 25)
    walk.kernels = [KernelDesign.all[kernel]]
    for number in 0..<UInt64(2) {
      guard let failure = walk.runMachine(number) else { continue }
      Issue.record("\(failure.finding.details)\n\(failure.scenario.script)")
    }
    #expect(walk.stepCount >= 25)
    #expect(walk.distinctStateCount > 5)
  }

  @Test func `are the same for the same seed`() {
    func journal() -> [String] {
      var walk = RandomWalk(seed: 7, stepsPerMachine: 20)
      var lines: [String] = []
      _ = walk.runMachine(3, journal: { lines.append($0) })
      return lines
    }
    let lines = journal()
    #expect(lines.count > 10)
    #expect(lines == journal())
  }

  @Test func `are lines that a script may have`() throws {
    var walk = RandomWalk(seed: 2, stepsPerMachine: 60)
    var text = ""
    _ = walk.runMachine(5, journal: { text += $0 + "\n" })
    let script = try Script(Array(text.utf8)[...])
    #expect(script.setup.machine != nil)
    #expect(script.lines.count >= walk.stepCount)
  }
}

@Suite struct `A scenario that fails` {
  private let scenario = Scenario(
    machine: {
      var machine = LabMachine()
      machine.pieces = [
        .init(node: 0, bytes: 1 << 20..<1 << 30), .init(node: 1, bytes: 4 << 30..<5 << 30),
      ]
      machine.parameters = ["numa=off", "hugetlb_free_vmemmap=on"]
      machine.cpuCount = 4
      return machine
    }(),
    operations: (0..<40).map { "echo \($0) > /proc/sys/vm/nr_hugepages" })

  @Test func `is made as small as it can be`() {
    var tries = 0
    var shrinker = Shrinker { candidate in
      tries += 1
      return candidate.operations.contains { $0.hasPrefix("echo 1") }
        && candidate.operations.contains { $0.hasPrefix("echo 3") }
        && candidate.machine.parameters.contains("numa=off")
    }
    let small = shrinker.shrink(scenario)
    #expect(small.operations.count == 2)
    #expect(small.machine.parameters == ["numa=off"])
    #expect(small.machine.pieces.count == 1)
    #expect(small.machine.cpuCount == 1)
    #expect(tries < 300)
  }

  @Test func `is not made smaller than its tries allow`() {
    var tries = 0
    var shrinker = Shrinker(budget: 10) { _ in
      tries += 1
      return false
    }
    _ = shrinker.shrink(scenario)
    #expect(tries == 10)
  }

  @Test func `prints as a script that describes the same machine`() throws {
    let script = try scenario.parsed()
    let machine = try #require(script.setup.machine)
    #expect(machine.cpuCount == 4)
    #expect(try machine.nodeLayout().nodes == [NodeID(0), NodeID(1)])
    #expect(machine.firmwareMap.usableByteCount == 2 << 30 - 1 << 20)
    #expect(String(decoding: script.setup.commandLine, as: UTF8.self).contains("numa=off"))
    #expect(script.lines.count == 40)
  }

  @Test func `prints as a test`() {
    let test = Scenario(operations: [#"printf 'a\n' > /proc/sys/vm/nr_hugepages"#])
      .swiftTest(named: "a `name`")
    #expect(test.contains("@Test func `a name`() throws {"))
    #expect(test.contains(#"      printf 'a\\n' > /proc/sys/vm/nr_hugepages"#))
    #expect(test.contains("#expect(finding == nil)"))
  }
}
