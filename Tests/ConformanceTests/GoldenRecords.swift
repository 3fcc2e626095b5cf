// SPDX-License-Identifier: Apache-2.0

import Foundation
import HVOKit

/// The records of real kernels that lie beside the tests, unchanged.
enum GoldenRecords {
  /// The names of all records, such as `a1-grow-shrink-2m.7.2`, in order.
  static let names: [String] = {
    let files = try? FileManager.default.contentsOfDirectory(atPath: folder)
    return (files ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }()

  /// The names of those in which the machine has the same memory from start to end.
  static let withoutAddedMemory = names.filter { !$0.hasPrefix("h") }

  /// Reads the record called `name`.
  static func load(_ name: String) throws(RecordError) -> Record {
    try Record(contentsOf: "\(folder)/\(name).json")
  }

  private static let folder = Bundle.module.resourcePath.map { "\($0)/Golden" } ?? "Golden"
}
