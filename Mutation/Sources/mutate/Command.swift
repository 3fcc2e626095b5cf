// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc

/// A program that is watched while it runs: it ends when it is done, when its time is over, when it
/// takes too much memory, or when it says something that settles the matter.
struct Command {
  enum Outcome: Equatable {
    case exited(Int32)
    case killed(signal: Int32)
    case saidSo
    case tooLong
    case tooBig
  }

  let program: String
  let arguments: [String]
  var environment: [String: String] = [:]
  var folder: URL
  var log: URL
  var secondsLimit = Double.infinity
  var megabytesLimit = 6_000
  /// What ends the program at once when a line of its output holds it.
  var lastWords: [String] = []

  /// Runs the program, which is found as a shell would find it.
  func run() throws -> (outcome: Outcome, seconds: Double) {
    _ = FileManager.default.createFile(atPath: log.path, contents: nil)
    let output = try FileHandle(forWritingTo: log)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [program] + arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = folder
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    let start = ContinuousClock.now
    try process.run()
    try output.close()
    var reader = LogReader(log)
    var verdict: Outcome?
    var rounds = 0
    while process.isRunning, verdict == nil {
      usleep(20_000)
      rounds += 1
      let seconds = Self.seconds(since: start)
      if seconds > secondsLimit { verdict = .tooLong }
      if rounds % 25 == 0, megabytes(of: process.processIdentifier) > megabytesLimit {
        verdict = .tooBig
      }
      if !lastWords.isEmpty, reader.finds(lastWords) { verdict = .saidSo }
    }
    if verdict != nil { killAll(process.processIdentifier) }
    process.waitUntilExit()
    let seconds = Self.seconds(since: start)
    if let verdict { return (verdict, seconds) }
    if reader.finds(lastWords) { return (.saidSo, seconds) }
    let status = process.terminationStatus
    return process.terminationReason == .exit && status < 128
      ? (.exited(status), seconds) : (.killed(signal: status & 127), seconds)
  }

  private static func seconds(since start: ContinuousClock.Instant) -> Double {
    let parts = (ContinuousClock.now - start).components
    return Double(parts.seconds) + Double(parts.attoseconds) / 1e18
  }

  /// The process and all that it started.
  private func family(of process: pid_t) -> [pid_t] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    var children: [pid_t: [pid_t]] = [:]
    for member in all.compactMap({ pid_t($0) }) {
      // Behind the name, which may hold anything: the state, then the parent.
      let text = (try? String(contentsOfFile: "/proc/\(member)/stat", encoding: .utf8)) ?? ""
      let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
      guard fields.count > 1, let parent = pid_t(fields[1]) else { continue }
      children[parent, default: []].append(member)
    }
    var found = [process]
    var index = 0
    while index < found.count {
      found += children[found[index]] ?? []
      index += 1
    }
    return found
  }

  private func killAll(_ process: pid_t) {
    for member in family(of: process) { _ = kill(member, SIGKILL) }
  }

  private func megabytes(of process: pid_t) -> Int {
    family(of: process).reduce(0) { sum, member in
      let text = (try? String(contentsOfFile: "/proc/\(member)/statm", encoding: .utf8)) ?? ""
      let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
      return sum + pages * 4096 / 1_000_000
    }
  }
}

/// Looks for words in what was added to a file since it looked last.
private struct LogReader {
  private let handle: FileHandle?
  private var rest = ""

  init(_ url: URL) { handle = try? FileHandle(forReadingFrom: url) }

  mutating func finds(_ words: [String]) -> Bool {
    guard let data = try? handle?.readToEnd(), !data.isEmpty else { return false }
    let text = rest + String(decoding: data, as: UTF8.self)
    rest = String(text.suffix(200))
    return words.contains { text.contains($0) }
  }
}
