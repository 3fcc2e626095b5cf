// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// A row of the table: a fault and who noticed it.
struct Result {
  let number: Int
  let place: String
  let title: String
  let finding: Finding

  static let header = "number\tplace\tchange\tfound by\tevidence\tseconds"

  var row: String {
    [
      "\(number)", place, title.replacing("\t", with: " "), finding.finder, finding.evidence,
      String(format: "%.1f", finding.seconds),
    ].joined(separator: "\t")
  }

  init(number: Int, place: String, title: String, finding: Finding) {
    self.number = number
    self.place = place
    self.title = title
    self.finding = finding
  }

  init?(row: Substring) {
    let parts = row.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 6, let number = Int(parts[0]), let seconds = Double(parts[5]) else {
      return nil
    }
    self.init(
      number: number, place: parts[1], title: parts[2],
      finding: Finding(finder: parts[3], evidence: parts[4], seconds: seconds))
  }
}

/// The results so far, in a file: who stops and starts again goes on where it stopped.
final class Results: Sendable {
  private let file: URL
  private let rows: Mutex<[Result]>

  /// - Parameter key: what the results are about; those of another key are forgotten.
  init(file: URL, key: String) throws {
    self.file = file
    let lines = ((try? String(contentsOf: file, encoding: .utf8)) ?? "").split(separator: "\n")
    let known =
      lines.first.map(String.init) == "# \(key)" ? lines.compactMap { Result(row: $0) } : []
    rows = Mutex(known)
    let text = (["# \(key)", Result.header] + known.map(\.row)).joined(separator: "\n") + "\n"
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  func add(_ result: Result) throws {
    try rows.withLock {
      $0.append(result)
      let handle = try FileHandle(forWritingTo: file)
      try handle.seekToEnd()
      try handle.write(contentsOf: Data((result.row + "\n").utf8))
      try handle.close()
    }
  }

  /// By number; of several at the same place the last.
  var all: [Result] {
    let latest = rows.withLock { rows in
      Dictionary(rows.map { ("\($0.place) \($0.title)", $0) }) { $1 }
    }
    return latest.values.sorted { $0.number < $1.number }
  }
}

/// Runs `body` on each element, `jobs` at a time; after an error no more begin.
func forEach<Element: Sendable>(
  _ elements: [Element], jobs: Int, _ body: @Sendable (Element) throws -> Void
) throws {
  let next = Mutex(0)
  let failure = Mutex<(any Error)?>(nil)
  DispatchQueue.concurrentPerform(iterations: jobs) { _ in
    while failure.withLock({ $0 == nil }) {
      let index = next.withLock { value in
        defer { value += 1 }
        return value
      }
      guard index < elements.count else { return }
      do { try body(elements[index]) } catch { failure.withLock { $0 = error } }
    }
  }
  if let error = failure.withLock({ $0 }) { throw error }
}
