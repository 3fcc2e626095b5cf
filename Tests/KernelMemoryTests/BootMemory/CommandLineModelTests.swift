// SPDX-License-Identifier: Apache-2.0

import CommandLineModel
import Foundation
import Testing

/// The parser against a second reading of its rules, on lines that a fuzzer found interesting and on
/// lines made from them. `./dev fuzz` does the same for longer, led by coverage.
@Suite struct `Command line model` {
  /// What the fuzzer keeps: one line of interest in each file.
  private static let corpus: [[UInt8]] = {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appending(path: "Fuzzing/Corpus/command-line")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
    return names.sorted().compactMap { name in
      (try? Data(contentsOf: folder.appending(path: name))).map { [UInt8]($0) }
    }
  }()

  private func check(_ line: [UInt8]) {
    let disagreements = CommandLineJudge.disagreements(about: line)
    let shown = String(decoding: line.prefix(300), as: UTF8.self).debugDescription
    #expect(disagreements == [], "\(shown)")
  }

  @Test func `parser and model agree on every line of the corpus`() {
    #expect(Self.corpus.count > 50)
    for line in Self.corpus { check(line) }
  }

  @Test(arguments: 1...4)
  func `parser and model agree on lines made from the grammar`(seed: Int) {
    var mutator = CommandLineMutator(seed: UInt64(seed))
    for _ in 0..<250 { check(mutator.line()) }
  }

  @Test(arguments: 1...4)
  func `parser and model agree on changed lines of the corpus`(seed: Int) {
    var mutator = CommandLineMutator(seed: UInt64(seed) &* 7919)
    for round in 0..<500 where !Self.corpus.isEmpty {
      check(mutator.mutation(of: Self.corpus[(round * 31 + seed) % Self.corpus.count]))
    }
  }

  /// A judge that finds nothing would be worth nothing: its findings name series, machine and field.
  @Test func `a wrong meaning is told by series, machine and field`() throws {
    let line = Array("hugepages=0:4,1:2 hugetlb_free_vmemmap=on".utf8)
    let series = try #require(ModelSeries.all.last)
    let machine = try #require(ModelMachine.all.first)
    let meaning = CommandLineModel(series, machine).meaning(of: line)
    #expect(meaning.differences(from: meaning) == [])
    var wrong = meaning
    wrong.foldsVmemmap = false
    wrong.pools[1].nodes[1] = 3
    wrong.log.append(Array("HugeTLB: no".utf8))
    #expect(
      wrong.differences(from: meaning) == [
        "foldsVmemmap: Optional(false), not Optional(true)",
        "pools: [\"1073741824: 0 []\", \"2097152: 6 [\\\"0:4\\\", \\\"1:3\\\"]\"]"
          + ", not [\"1073741824: 0 []\", \"2097152: 6 [\\\"0:4\\\", \\\"1:2\\\"]\"]",
        "log: [\"\\\"HugeTLB: no\\\"\"], not []",
      ])
  }

  @Test func `the model itself knows what real kernels did`() throws {
    for series in ModelSeries.all where series.name != "5.14" {
      let machine = try #require(ModelMachine.all.first)
      let model = CommandLineModel(series, machine)
      let counts = { (line: String) in
        model.meaning(of: Array(line.utf8)).pools.first { $0.byteCount == 2 << 20 }
      }
      #expect(counts("hugepages=-5 hugetlb_free_vmemmap=maybe")?.total == 0)
      #expect(
        counts("hugepages=12 default_hugepagesz=2M hugepages=6 default_hugepagesz=1G")?.total == 6)
      #expect(counts("hugepages=0:64,1:32")?.nodes == [0: 64, 1: 32])
      #expect(counts("hugepagesz=2M hugepages=0:8,5:8,1:4")?.total == 0)
    }
  }
}
