// SPDX-License-Identifier: Apache-2.0

import HVOKit
import Testing

/// The records obey laws of the mechanism. That they do shows that their fields are read rightly.
@Suite struct `Laws of the records` {
  @Test func `every group has records of every kernel`() throws {
    let groups = Set(GoldenRecords.names.compactMap(\.first))
    #expect(groups == ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"])
    let records = try GoldenRecords.names.map { try GoldenRecords.load($0) }
    // Devices describe themselves as ordinary memory from 6.8 on.
    let absent: [String: Set<RecordedKernel>] = ["h5-kmem-selfhosted": [.v6_1]]
    for (name, situation) in Dictionary(grouping: records, by: \.name) {
      let kernels = Set(RecordedKernel.allCases).subtracting(absent[name] ?? [])
      #expect(Set(situation.map(\.kernel)) == kernels, "\(name)")
    }
    #expect(records.map(\.description) == GoldenRecords.names)
  }

  @Test(arguments: GoldenRecords.withoutAddedMemory)
  func `what read-only entries point to is saved`(name: String) throws {
    let record = try GoldenRecords.load(name)
    for (step, observation) in record.observations {
      let vmemmap = try #require(observation.vmemmap, "\(step)")
      let frames = record.kernel == .v7_2 ? vmemmap.sharedFrames.values.reduce(0, +) : 0
      #expect(vmemmap.savedPages == vmemmap.readOnlyEntries - frames, "\(step)")
    }
  }

  @Test(arguments: GoldenRecords.withoutAddedMemory)
  func `memmap counters lose what read-only entries gain`(name: String) throws {
    let record = try GoldenRecords.load(name)
    let boot = try #require(record.boot.vmemmap)
    for (step, observation) in record.observations {
      let vmemmap = try #require(observation.vmemmap, "\(step)")
      guard let sum = observation.memmapSum, let bootSum = record.boot.memmapSum else {
        #expect(record.kernel == .v6_1 && observation.memmapSum == nil)
        continue
      }
      #expect(sum - bootSum == boot.readOnlyEntries - vmemmap.readOnlyEntries, "\(step)")
    }
  }

  @Test(arguments: GoldenRecords.withoutAddedMemory)
  func `as much vmemmap is mapped always`(name: String) throws {
    let record = try GoldenRecords.load(name)
    let boot = try #require(record.boot.vmemmap)
    for (step, observation) in record.observations {
      let vmemmap = try #require(observation.vmemmap, "\(step)")
      #expect(
        vmemmap.hugeLeaves * 512 + vmemmap.entries == boot.hugeLeaves * 512 + boot.entries,
        "\(step)")
      #expect(vmemmap.entries == vmemmap.entryTables * 512, "\(step)")
    }
  }

  @Test(arguments: GoldenRecords.withoutAddedMemory)
  func `free memory changes by what is saved, pooled and spent on tables`(name: String) throws {
    let record = try GoldenRecords.load(name)
    for (step, observation) in record.observations {
      guard let free = observation.freePages, let boot = record.boot.freePages else { continue }
      let explained = try #require(observation.explainedFree, "\(step)")
      let explainedAtBoot = try #require(record.boot.explainedFree)
      let rest = (free - boot) - (explained - explainedAtBoot)
      #expect(abs(rest) <= 160, "\(step)")
    }
  }

  @Test(arguments: GoldenRecords.withoutAddedMemory)
  func `tables are never given back`(name: String) throws {
    let record = try GoldenRecords.load(name)
    let tables = record.observations.compactMap(\.seen.vmemmap?.entryTables)
    #expect(zip(tables, tables.dropFirst()).allSatisfy { $0 <= $1 })
  }
}

extension Record {
  /// Every observation that shows the vmemmap, with its step's name.
  fileprivate var observations: [(step: String, seen: Observation)] {
    let afterSteps = steps.compactMap { step in step.after.map { (step.name, $0) } }
    return ([("boot", boot)] + afterSteps).filter { $0.1.vmemmap != nil }
  }
}

extension Observation {
  fileprivate var memmapSum: Int? {
    guard let memmapPages, let bootMemmapPages else { return nil }
    return memmapPages + bootMemmapPages
  }

  fileprivate var explainedFree: Int? {
    guard let vmemmap else { return nil }
    let pooled = pools.reduce(0) { $0 + $1.key.pageCount * $1.value.count }
    return vmemmap.savedPages - pooled - vmemmap.entryTables
  }
}
