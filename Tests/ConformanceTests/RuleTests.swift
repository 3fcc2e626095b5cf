// SPDX-License-Identifier: Apache-2.0

import HVOKit
import Testing

/// Every rule can fail, and fails only for what it is about.
@Suite struct `Comparison with records` {
  @Test(arguments: GoldenRecords.names)
  func `a record does not differ from itself`(name: String) throws {
    let record = try GoldenRecords.load(name)
    var echo = EchoTarget(of: record)
    #expect(RecordReplay(record).run(on: &echo) == [])
  }

  @Test(arguments: GoldenRecords.names)
  func `one damaged field is reported, it alone, and only beyond its tolerance`(
    name: String
  ) throws {
    let record = try GoldenRecords.load(name)
    for step in record.stepsThatDiffer {
      for damage in Damage.all(of: step, in: record) {
        if damage.tolerance > 0 {
          let atEdge = record.differences(in: step.name) { damage.apply(&$0, damage.tolerance) }
          #expect(atEdge.filter { !$0.isMemmapSum } == [], "\(step.name), \(damage.field)")
        }
        let beyond = record.differences(in: step.name) { damage.apply(&$0, damage.tolerance + 1) }
        let places = beyond.map { "\($0.step): \($0.field)" }
        #expect(places == ["\(step.name): \(damage.field)"])
      }
    }
  }

  @Test(arguments: GoldenRecords.names)
  func `damage at boot is reported`(name: String) throws {
    let record = try GoldenRecords.load(name)
    let differences = record.differences(in: "boot") { $0.vmemmap?.savedPages += 1 }
    #expect(differences.map(\.field) == ["vmemmap.saved_pages"])
    #expect(differences.map(\.step) == ["boot"])
  }

  @Test func `the sum of memmap counters has no spread`() throws {
    let record = try GoldenRecords.load("a1-grow-shrink-2m.7.2")
    let within = record.differences(in: "on-64") {
      $0.memmapPages? += 16
      $0.bootMemmapPages? -= 16
    }
    #expect(within == [])
    let unbalanced = record.differences(in: "on-64") { $0.memmapPages? += 1 }
    #expect(unbalanced.map(\.field) == ["nr_memmap_pages + nr_memmap_boot_pages"])
  }

  @Test(arguments: [
    ("a1-grow-shrink-2m.6.12", "on-256-again", 256 * 8), ("a5-struct-contents.6.1", "1g", 4096),
    ("k2-repeat.6.12", "up3", 3 * 64 * 8), ("k2-repeat.7.2", "down3", 3 * 64 * 8),
    ("k3-boot-then-restore.6.12", "1g-1", 472 * 8 + 4096),
  ])
  func `totals may vary by the vmemmap of folios optimised again`(
    name: String, step: String, tolerance: Int
  ) throws {
    let record = try GoldenRecords.load(name)
    #expect(record.differences(in: step) { $0.memTotal? += tolerance } == [])
    #expect(record.differences(in: step) { $0.memTotal? -= tolerance } == [])
    let beyond = record.differences(in: step) { $0.memTotal? += tolerance + 1 }
    #expect(beyond.map(\.field) == ["MemTotal"])
    #expect(beyond.first?.tolerance == tolerance)
  }

  @Test func `slack lets a whole folio be missing, with all that follows from it`() throws {
    let record = try GoldenRecords.load("e1-too-many.6.12")
    var differences: [Difference] = []
    for missing in [1, 29] {
      differences += record.differences { step, seen in
        guard step.hasPrefix("on-") else { return }
        seen.lose(missing, stillOptimized: step != "on-0")
      }
    }
    #expect(differences == [])
    let tooMany = record.differences { step, seen in
      if step == "on-10000" { seen.lose(30, stillOptimized: true) }
    }
    let fields = Set(tooMany.map(\.field))
    #expect(fields.isSuperset(of: ["pools.2048kB.nr", "pools.2048kB.free", "MemTotal"]))
  }

  @Test func `slack explains totals only by folios that are missing`() throws {
    let record = try GoldenRecords.load("e1-too-many.6.12")
    let differences = record.differences(in: "on-10000") { $0.memTotal? -= 8 }
    #expect(differences.map(\.field) == ["MemTotal"])
  }

  @Test func `slack lets savings vary by its pages and a frame for each zone`() throws {
    let record = try GoldenRecords.load("e1-too-many.6.12")
    let tolerance = 29 * 7 + 2
    let within = record.differences(in: "on-10000") { $0.vmemmap?.savedPages += tolerance }
    #expect(within == [])
    let beyond = record.differences(in: "on-10000") { $0.vmemmap?.savedPages += tolerance + 1 }
    #expect(beyond.map(\.field) == ["vmemmap.saved_pages"])
  }

  @Test func `slack holds free memory against its law`() throws {
    let record = try GoldenRecords.load("i1-bad-nr.6.12")
    let explained = record.differences(in: "proc-nr") {
      $0.pools[.twoMegabytes]?.count -= 2
      $0.pools[.twoMegabytes]?.free -= 2
      $0.freePages? += 2 * 512
    }
    #expect(explained == [])
    let unexplained = record.differences(in: "proc-nr") { $0.freePages? += 2 * 512 }
    #expect(unexplained.map(\.field) == ["free"])
  }
}

extension Observation {
  /// Loses `count` huge pages of 2M whose descriptors lay in boot memory.
  fileprivate mutating func lose(_ count: Int, stillOptimized: Bool) {
    memTotal? -= count * 8
    bootMemmapPages? += count * 8
    zones[RecordedZone(node: 0, name: "DMA32")]?.managed -= count * 8
    guard stillOptimized else {
      memmapPages? -= count * 8
      return
    }
    memmapPages? -= count
    pools[.twoMegabytes]?.count -= count
    pools[.twoMegabytes]?.free -= count
    vmemmap?.readOnlyEntries -= count * 7
    vmemmap?.savedPages -= count * 7
    vmemmap?.sharedFrames[8, default: 0] -= count
  }
}

extension Difference {
  fileprivate var isMemmapSum: Bool { rule == .memmapSum }
}

extension Record {
  /// The first and the last step with an observation, and those where chance plays a part.
  fileprivate var stepsThatDiffer: [RecordStep] {
    let observed = steps.filter { $0.after != nil }
    return observed.enumerated().filter { index, step in
      index == 0 || index == observed.count - 1 || step.poolSlack != nil
    }.map(\.element)
  }

  /// The differences from an echo that `damage` has damaged in the step called `name`.
  fileprivate func differences(
    in name: String, damage: @escaping (inout Observation) -> Void
  ) -> [Difference] {
    differences { step, seen in
      if step == name { damage(&seen) }
    }
  }

  /// The differences from an echo that `damage` has damaged.
  fileprivate func differences(
    damage: @escaping (String, inout Observation) -> Void
  ) -> [Difference] {
    var echo = EchoTarget(of: self, damage: damage)
    return RecordReplay(self).run(on: &echo)
  }
}
