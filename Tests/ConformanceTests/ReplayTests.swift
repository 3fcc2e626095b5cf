// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import HVOKit

/// A twin does what real kernels did, in every situation that was recorded.
@Suite struct `Replay of records` {
  @Test(arguments: GoldenRecords.names)
  func `a twin does what the recorded kernel did`(name: String) throws {
    let record = try GoldenRecords.load(name)
    var twin = try TwinTarget(record)
    let differences = RecordReplay(record).run(on: &twin)
    #expect(
      differences.isEmpty,
      "\(record.about)\n\(differences.map(\.description).joined(separator: "\n"))")
    #expect(twin.twin.findings == [])
  }
}
