// SPDX-License-Identifier: Apache-2.0

import Foundation
import HVOKit
import Testing

@Suite struct `Replaying a record` {
  /// What a target that is true to the sample's actions answers.
  static let outcomes: [ActionOutcome] = [
    .done, .errno("EIO"), .text("0 1\n"), .lines(["mmap OK", "touch SIGBUS"]), .done, .done,
    .done, .refused(["memory33"]), .done, .done, .errno("OK"), .done, .done, .done, .done, .done,
    .done,
  ]

  private func differences(
    changing change: (inout [ActionOutcome], inout [Observation]) -> Void = { _, _ in }
  ) throws -> [Difference] {
    let record = try SampleRecord.load()
    var outcomes = Self.outcomes
    var observations = [record.boot] + record.steps.compactMap(\.after)
    change(&outcomes, &observations)
    var target = ScriptedTarget(outcomes: outcomes, observations: observations)
    let differences = RecordReplay(record).run(on: &target)
    #expect(target.performed == record.steps.flatMap { $0.actions.map(\.action) })
    return differences
  }

  @Test func `a true target shows no difference`() throws {
    #expect(try differences() == [])
  }

  @Test func `it works on a target of unknown type`() throws {
    var target: any RecordTarget = ScriptedTarget()
    #expect(try !RecordReplay(SampleRecord.load()).run(on: &target).isEmpty)
  }

  @Test(arguments: [
    (0, ActionOutcome.errno("EINVAL"), "do[0].errno"), (0, .errno("open:ENOENT"), "do[0].errno"),
    (1, .done, "do[1].fails"), (1, .errno("OK"), "do[1].fails"),
    (2, .text("0 1\n\n"), "do[2].text"),
    (2, .errno("EIO"), "do[2].text"), (3, .lines(["mmap OK"]), "do[3].result"),
    (7, .done, "do[1].failed"), (7, .refused([]), "do[1].failed"),
    (10, .errno("EBUSY"), "do[4].fails"), (5, .unsupported(reason: "no hog"), "do[5].action"),
  ])
  func `a wrong answer is reported`(index: Int, outcome: ActionOutcome, field: String) throws {
    let differences = try differences { outcomes, _ in outcomes[index] = outcome }
    #expect(differences.map(\.field) == [field])
    #expect(differences.map(\.rule) == [.outcome])
  }

  @Test func `a difference does not end the replay`() throws {
    let differences = try differences { outcomes, observations in
      outcomes[0] = .errno("EPERM")
      observations[1].vmallocHugeLeaves = 3
      outcomes[7] = .done
    }
    #expect(differences.map(\.field) == ["do[0].errno", "vmalloc.huge_leaves", "do[1].failed"])
    #expect(differences.map(\.step) == ["knobs", "knobs", "devices"])
  }

  @Test func `what the target cannot see is a difference, but for free memory`() throws {
    let differences = try differences { _, observations in observations[1] = Observation() }
    let fields = differences.map(\.field)
    #expect(fields.contains("MemTotal"))
    #expect(fields.contains("vmemmap.saved_pages"))
    #expect(fields.contains("pools.2048kB.nr"))
    #expect(fields.contains("zones.0/DMA32.present"))
    #expect(!fields.contains("free"))
    let others = differences.filter { $0.found != .absent && $0.change == nil }
    #expect(others == [])
  }

  @Test func `totals are compared as changes since boot`() throws {
    let elsewhere = try differences { _, observations in
      for index in observations.indices {
        observations[index].memTotal? += 5000
        observations[index].freePages? += 100_000
        observations[index].zones[RecordedZone(node: 0, name: "DMA32")]?.managed += 5000
      }
    }
    #expect(elsewhere == [])
  }
}

@Suite struct `A difference` {
  private let difference = Difference(
    record: "a.7.2", step: "on", field: "MemTotal", rule: .totals, wanted: .number(1008),
    found: .number(900), change: .init(wanted: 8, found: -1), tolerance: 16)

  @Test func `is one clear line`() {
    #expect(
      difference.description == """
        a.7.2: on: MemTotal: wanted 1008 (+8 since boot), found 900 (-1 since boot) \
        (totals change equally, within 16)
        """)
  }

  @Test func `stays one line whatever text it holds`() {
    var odd = difference
    (odd.wanted, odd.found, odd.change) = (.text("a\nb"), .absent, nil)
    #expect(
      odd.description == """
        a.7.2: on: MemTotal: wanted "a\\nb", found nothing (totals change equally, within 16)
        """)
  }

  @Test func `has a JSON form`() throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(difference), as: UTF8.self)
    #expect(
      text == """
        {"field":"MemTotal","found":900,"found_change":-1,"record":"a.7.2","rule":"totals",\
        "step":"on","tolerance":16,"wanted":1008,"wanted_change":8}
        """)
  }
}
