// SPDX-License-Identifier: Apache-2.0

import Foundation
import SeededBugs

extension SeededBug {
  /// All bugs, as the catalogue orders them.
  static func all(in copy: PackageCopy) throws -> [SeededBug] {
    try copy.files(under: "Mutation/Bugs").filter { $0.hasSuffix(".txt") }.map { path in
      let text = try String(contentsOf: copy.root.appending(path: path), encoding: .utf8)
      let bug = try SeededBug(parsing: text)
      guard path.hasSuffix("/\(bug.id).txt") else { throw Failure("\(path) describes \(bug.id)") }
      return bug
    }.sorted { $0.rank < $1.rank }
  }

  /// Letters first, then the number: H8 before H10.
  private var rank: String {
    let number = id.filter(\.isNumber)
    return id.filter(\.isLetter) + String(repeating: "0", count: max(0, 4 - number.count)) + number
  }

  /// The bytes of a file that the bug replaces.
  func places(in source: SourceText) -> [Range<Int>] {
    edits.filter { $0.path == source.path }.compactMap { edit in
      let text = Array(edit.old.utf8)
      return source.bytes.firstRange(of: text)
    }
  }
}

extension [SeededBug] {
  /// The number that switches on the bug at `index`.
  static func number(ofBugAt index: Int) -> Int { 1001 + index }

  /// `changed` files with all bugs in them, too.
  func applied(to changed: [String: String], in copy: PackageCopy) throws -> [String: String] {
    var changed = changed
    for (index, bug) in enumerated() {
      for path in Set(bug.edits.map(\.path)) {
        let text =
          try changed[path] ?? String(contentsOf: copy.root.appending(path: path), encoding: .utf8)
        changed[path] = try bug.applied(
          to: text, at: path, condition: "Mutant.isOn(\(Self.number(ofBugAt: index)))")
      }
    }
    return changed
  }
}
