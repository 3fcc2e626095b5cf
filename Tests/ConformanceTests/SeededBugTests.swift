// SPDX-License-Identifier: Apache-2.0

import Foundation
import SeededBugs
import Testing

/// The bugs that `./dev bugs` puts in must have their places in the sources as they are now.
@Suite struct `Seeded bugs` {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  static let folder = root.appending(path: "Mutation/Bugs")

  static func bugs() throws -> [SeededBug] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".txt") }.sorted()
      .map { name in
        let bug = try SeededBug(
          parsing: String(contentsOf: folder.appending(path: name), encoding: .utf8))
        #expect(name == "\(bug.id).txt")
        return bug
      }
  }

  @Test func `each has its places in the sources, all at once`() throws {
    var sources: [String: String] = [:]
    for bug in try Self.bugs() {
      for path in Set(bug.edits.map(\.path)) {
        let text =
          try sources[path]
          ?? String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
        sources[path] = try bug.applied(to: text, at: path, condition: "isOn")
      }
    }
    #expect(sources.count > 20)
  }

  @Test func `one of each row of the catalogue that concerns us is there`() throws {
    let wanted =
      (1...24).map { "H\($0)" } + (1...11).map { "P\($0)" }
      + ["A1", "A2", "A3", "A4", "A5", "A9", "A11"] + (1...7).map { "D\($0)" }
      + ["D13", "D14", "M1", "M2", "M3", "M4", "M7", "M11", "S1", "S3", "S8"]
      + (1...5).map { "V\($0)" }
    #expect(Set(try Self.bugs().map(\.id)) == Set(wanted))
  }

  @Test func `each has somebody who should find it`() throws {
    for bug in try Self.bugs() where bug.impossible == nil {
      #expect(bug.tests != nil, "\(bug.id)")
    }
  }

  @Test(arguments: [
    "title: no id\nimpossible: so", "id: X1\ntitle: t", "id: X1\ntitle: t\ncolour: red",
    "id: X1\ntitle: t\nfault: f\n--- file A\na\n--- with\nb\n--- end",
  ])
  func `a description that makes no sense is refused`(text: String) {
    #expect(throws: SeededBugError.self) { try SeededBug(parsing: text) }
  }

  @Test(arguments: ["let a = 1\n", "a\nb\na\n"])
  func `a place must be there exactly once`(text: String) throws {
    let bug = try SeededBug(
      parsing: "id: X1\ntitle: t\nfault: f\n--- file A\na\n--- with\nIS_ON\n--- end\n")
    #expect(throws: SeededBugError.self) {
      try bug.applied(to: text, at: "A", condition: "isOn")
    }
    #expect(try bug.applied(to: "a\n", at: "A", condition: "isOn") == "isOn\n")
  }
}
