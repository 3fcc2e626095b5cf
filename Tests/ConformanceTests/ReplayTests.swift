// SPDX-License-Identifier: Apache-2.0

import HVOKit
import Testing

/// A twin does what real kernels did.
@Suite struct `Replay of records` {
  /// The situations in which the twin has nothing left to explain.
  static let situations = ["a1-grow-shrink-2m", "a2-grow-on-cold", "c2-boot-1g-on", "d1-numa2"]

  static let records = GoldenRecords.names.filter { name in
    situations.contains { name.hasPrefix("\($0).") }
  }

  @Test func `each situation was recorded on every kernel`() {
    #expect(Self.records.count == Self.situations.count * RecordedKernel.allCases.count)
  }

  @Test(arguments: records)
  func `a twin does what the recorded kernel did`(name: String) throws {
    let record = try GoldenRecords.load(name)
    var twin = try TwinTarget(record)
    let differences = RecordReplay(record).run(on: &twin)
    #expect(differences.isEmpty, "\(differences.map(\.description).joined(separator: "\n"))")
  }
}
