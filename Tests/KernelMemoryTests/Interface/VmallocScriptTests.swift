// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory
import KernelMemoryLab

/// Scripts that make vmalloc areas.
@Suite struct `Scripts about vmalloc areas` {
  /// What is wrong with a line, or nothing.
  private func problem(_ line: String) -> ScriptProblem? {
    do throws(ScriptError) {
      _ = try Script(textBytes(line))
      return nil
    } catch {
      return error.problem
    }
  }

  @Test(arguments: [
    ("4096 as a", VmallocRequest(byteCount: 4096, caller: [0x61])),
    ("8M huge as a", VmallocRequest(byteCount: 8 << 20, mapping: .largestThatFits, caller: [0x61])),
    ("1K node 3 as a", VmallocRequest(byteCount: 1024, node: NodeID(3), caller: [0x61])),
    (
      "2M huge node 0 as a",
      VmallocRequest(
        byteCount: 2 << 20, mapping: .largestThatFits, node: NodeID(0), caller: [0x61])
    ),
  ])
  func `an area has a size, perhaps a node, and a name`(
    text: String, wanted: VmallocRequest
  ) throws {
    let script = try Script(textBytes("#@ vmalloc \(text)"))
    #expect(script.lines.map(\.command) == [.vmalloc(wanted, as: [0x61])])
  }

  @Test(arguments: [
    ("vmalloc", ScriptProblem.missingArgument), ("vmalloc 4096", .missingArgument),
    ("vmalloc 4096 as", .missingArgument), ("vmalloc 4096 huge", .missingArgument),
    ("vmalloc 4096 node as a", .badNumber), ("vmalloc 4096 node", .missingArgument),
    ("vmalloc 4096 node 1024 as a", .badNumber), ("vmalloc 4096 node -1 as a", .badNumber),
    ("vmalloc 0 as a", .badSize), ("vmalloc -1 as a", .badSize), ("vmalloc x as a", .badSize),
    ("vmalloc 99999999999999999999 as a", .badSize), ("vmalloc 4096 as a b", .unexpectedArgument),
    ("vmalloc 4096 huge huge as a", .unexpectedArgument),
    ("vmalloc 4096 node 0 huge as a", .unexpectedArgument),
    ("vmalloc 4096 node 0 node 1 as a", .unexpectedArgument),
    ("vmalloc 4096 tiny as a", .unexpectedArgument), ("vfree", .missingArgument),
    ("vfree a b", .unexpectedArgument), ("expect vmalloc-leaves", .missingArgument),
    ("expect vmalloc-leaves x", .badNumber), ("expect vmalloc-leaves 1 2", .unexpectedArgument),
  ])
  func `a line that says too much or too little is refused`(
    text: String, wanted: ScriptProblem
  ) {
    #expect(problem("#@ \(text)") == wanted)
  }

  @Test func `areas live until they are freed, or the script ends`() throws {
    let files = try FileHost(memory: 512 << 20, nodes: 2)
    let script = try Script(
      textBytes(
        """
        #@ vmalloc 4M huge node 1 as hash
        #@ expect vmalloc-leaves 2
        #@ vmalloc 4M as hash
        #@ expect error EEXIST
        #@ vmalloc 1T as all
        #@ expect error ENOMEM
        #@ vmalloc 4096 as small
        #@ expect field nr_vmalloc of /proc/vmstat 1027
        #@ vfree hash
        #@ expect vmalloc-leaves 0
        #@ check
        """))
    let before = SubsystemDigest(of: files.host.subsystem, leftovers: .ignored)
    do {
      let runner = ScriptRunner(files.tree)
      var output = TextSink()
      let outcomes = runner.run(script, output: &output)
      #expect(outcomes.filter { !$0.isGood } == [])
      #expect(output.bytes == [])
      for line in ["vfree hash", "vmalloc 4096 node 2 as far"] {
        let lost = try Script(textBytes("#@ \(line)"))
        #expect(runner.run(lost, output: &output).map(\.result) == [.nothingThere])
      }
    }
    files.host.subsystem.vmalloc.purge()
    let after = SubsystemDigest(of: files.host.subsystem, leftovers: .ignored)
    #expect(after.differences(from: before) == [])
    #expect(files.host.complaints == [])
  }
}
