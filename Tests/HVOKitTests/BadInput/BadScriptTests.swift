// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import KernelMemoryLab
import Testing

@testable import HVOKit

@Suite struct `A script out of nowhere` {
  private static let sample = """
    #@ machine memory=64M nodes=1 cpus=2
    #@ kernel 7.2
    #@ boot hugetlb_free_vmemmap=on hugepagesz=2M hugepages=2
    echo 4 > /proc/sys/vm/nr_hugepages
    #@ expect field HugePages_Total of /proc/meminfo 4
    printf 'x%s\\n' "a b" > /proc/sys/vm/nr_hugepages
    #@ expect error EINVAL
    #@ cpu 1
    #@ map-huge 2 2M touch as one
    #@ fail-allocation after 3
    echo 9 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages
    #@ unmap one
    cat /proc/sys/vm/nr_hugepages
    #@ check

    """

  /// Reads `bytes` as a script and runs it, if it can be read.
  private func use(_ bytes: [UInt8], _ what: String) {
    do {
      let file = try ScriptFile(name: "odd.hvo", bytes: bytes)
      let setup = file.script.setup
      let specification = try TwinBuilder(MachineOptions()).specification(for: setup)
      guard specification.span <= 8 << 30 else { return }
      let session = ScriptSession(
        file, on: try Twin(specification), checksInvariants: false, output: { _ in },
        complain: { #expect($0.isHarmless, "\(what): \($0.debugDescription)") })
      _ = session.runAll()
    } catch {
      let text = "\(error)"
      #expect(text.isHarmless && text.count < 600, "\(what): \(text.debugDescription)")
    }
  }

  @Test(arguments: Damage.blunt.map(\.description).indices)
  func `is refused or run, never more`(index: Int) {
    let damage = Damage.blunt[index]
    use(damage.apply(Self.sample), "\(damage)")
  }

  @Test func `may have any number in any place`() {
    for place in Self.sample.ranges(of: /[0-9]+/) {
      for number in Damage.numbers {
        use(
          Array(Self.sample.replacingCharacters(in: place, with: number).utf8),
          "\(Self.sample[..<place.lowerBound].count): \(number)")
      }
    }
  }

  @Test func `may end anywhere, and have any byte anywhere`() {
    let bytes = Array(Self.sample.utf8)
    var numbers = SplitMix(seed: 7)
    for length in stride(from: 0, to: bytes.count, by: 5) {
      use(Array(bytes.prefix(length)), "cut at \(length)")
      var odd = bytes
      odd[length] = UInt8.random(in: 0...255, using: &numbers)
      use(odd, "byte \(length) is \(odd[length])")
    }
  }

  @Test func `with the line ends of another system runs all the same`() throws {
    let text = Self.sample.replacing("\n", with: "\r\n")
    let file = try ScriptFile(name: "crlf.hvo", bytes: Array(text.utf8))
    let setup = file.script.setup
    #expect(setup.machine?.cpuCount == 2)
    let twin = try Twin(try TwinBuilder(MachineOptions()).specification(for: setup))
    var complaints: [String] = []
    let run = ScriptSession(
      file, on: twin, checksInvariants: false, output: { _ in },
      complain: { complaints.append($0) }
    ).runAll()
    #expect(run.isGood, "\(complaints)")
  }

  @Test func `without a final newline runs to its end`() throws {
    let file = try ScriptFile(name: "open.hvo", bytes: Array("true\nfalse > /x".utf8.prefix(4)))
    #expect(file.script.lines.count == 1)
  }

  @Test func `with a byte order mark is refused by that name`() {
    let error = #expect(throws: InputError.self) {
      try ScriptFile(name: "bom.hvo", bytes: [0xEF, 0xBB, 0xBF] + Array("true\n".utf8))
    }
    #expect(error?.description.contains("byte order mark") == true)
  }

  @Test func `names every failure, also that of a line before an unmet expectation`() throws {
    let text = "cat /nope\n#@ expect output x\n#@ expect /proc/sys/vm/nr_hugepages 7\ntrue\n"
    let file = try ScriptFile(name: "bad.hvo", bytes: Array(text.utf8))
    let twin = try Twin(try TwinBuilder(MachineOptions(memory: "64M")).build().specification)
    var complaints: [String] = []
    let run = ScriptSession(
      file, on: twin, checksInvariants: false, output: { _ in },
      complain: { complaints.append($0) }
    ).runAll()
    #expect(!run.isGood)
    #expect(
      complaints.map { String($0.prefix(15)) } == [
        "bad.hvo: line 1", "bad.hvo: line 2", "bad.hvo: line 3",
      ])
  }
}
