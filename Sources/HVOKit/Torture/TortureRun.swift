// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import KernelMemoryLab
import Synchronization

/// Starts worker processes, collects what they find, and goes on behind whatever kills one.
public struct TortureRun: Sendable {
  private let request: TortureRequest
  private let options: TortureOptions
  /// How often a worker may die in one part before the rest of that part is given up.
  private static let mostDeaths = 3

  /// The program that workers run.
  private let executable: String

  /// - Parameter executable: the program that workers run: this one, unless said.
  /// - Throws: ``InputError`` for what cannot be read.
  public init(
    _ request: TortureRequest, executable: String = "/proc/self/exe"
  ) throws(InputError) {
    self.request = request
    self.executable = executable
    options = try request.options()
  }

  /// What all workers know so far.
  private final class Progress: Sendable {
    let tallies: Mutex<[Int: TortureTally]> = Mutex([:])

    var sum: TortureTally {
      tallies.withLock { tallies in
        tallies.keys.sorted().reduce(into: TortureTally()) { sum, index in
          sum.add(tallies[index] ?? TortureTally())
        }
      }
    }
  }

  /// Runs everything.
  ///
  /// - Parameter progress: is told what is being done, about once a second.
  /// - Throws: ``InputError`` if no worker can be started.
  public func run(progress: @escaping @Sendable (String) -> Void) throws(InputError)
    -> TortureReport
  {
    let begin = ContinuousClock.now
    let state = Progress()
    let problem = Mutex<InputError?>(nil)
    let group = DispatchGroup()
    for index in 0..<options.share.count {
      group.enter()
      let thread = Thread {
        do throws(InputError) {
          try work(index, since: begin, state)
        } catch {
          problem.withLock { $0 = error }
        }
        group.leave()
      }
      thread.start()
    }
    while group.wait(timeout: .now() + 1) == .timedOut {
      progress(TortureReport.progress(state.sum, since: begin))
    }
    if let error = problem.withLock({ $0 }) { throw error }
    return TortureReport(options, state.sum, duration: begin.duration(to: .now))
  }

  /// Keeps one worker's share going until it is done.
  private func work(
    _ index: Int, since begin: ContinuousClock.Instant, _ state: Progress
  ) throws(InputError) {
    var done = TortureTally()
    var start: TorturePosition?
    var deaths: [TorturePart: Int] = [:]
    while true {
      let before = done
      let life = try WorkerLife(
        request(since: begin, done), index, from: start, executable: executable)
      let end = life.run { tally in
        state.tallies.withLock { $0[index] = before.adding(tally) }
      }
      done.add(end.tally)
      guard let death = end.death else { break }
      guard end.isTrap else {
        throw InputError("a worker process gave up: \(InputError.harmless(death))")
      }
      // Without a case it was preparing the first: it booted machines to see what they have.
      let position = end.position ?? TorturePosition(part: options.parts[0], number: index)
      done.findings.append(finding(death, position, life, since: begin))
      done.isComplete = false
      deaths[position.part, default: 0] += 1
      let isGivenUp = deaths[position.part, default: 0] >= Self.mostDeaths
      start = isGivenUp ? beginning(of: index, behind: position.part) : next(position)
      if isOver(begin) || start == nil || options.endsWithFirst { break }
    }
    let sum = done
    state.tallies.withLock { $0[index] = sum }
  }

  /// The worker's next case.
  private func next(_ position: TorturePosition) -> TorturePosition {
    TorturePosition(part: position.part, number: position.number + options.share.count)
  }

  /// Where worker `index` begins the part behind `part`; nil if that is the last.
  private func beginning(of index: Int, behind part: TorturePart) -> TorturePosition? {
    guard let place = options.parts.firstIndex(of: part), place + 1 < options.parts.count else {
      return nil
    }
    return TorturePosition(part: options.parts[place + 1], number: index)
  }

  private func isOver(_ begin: ContinuousClock.Instant) -> Bool {
    guard case .time(let time) = options.limit else { return false }
    return begin.duration(to: .now) >= time
  }

  /// The request for what is left after `begin` and after `done`.
  private func request(
    since begin: ContinuousClock.Instant, _ done: TortureTally
  ) -> TortureRequest {
    var request = request
    switch options.limit {
    case .time(let time):
      request.time = "\(max(1, (time - begin.duration(to: .now)).components.seconds))s"
    case .steps(let count):
      request.steps = "\(max(1, count - done.operations * options.share.count))"
    }
    return request
  }

  private func finding(
    _ death: String, _ position: TorturePosition, _ life: WorkerLife,
    since begin: ContinuousClock.Instant
  ) -> TortureFinding {
    var found = TortureFinding(
      part: position.part, law: "trap",
      details: [death] + life.journal.filter { $0.hasPrefix("# ") },
      effort: position.number + 1)
    found.seconds = begin.duration(to: .now) / .seconds(1)
    defer { life.removeJournal() }
    if position.part == .random {
      found.script =
        CrashShrinker(executable: executable).shrink(life.journal).joined(separator: "\n") + "\n"
    }
    return found
  }
}
