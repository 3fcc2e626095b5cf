// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelMemory
import KernelMemoryLab
import Synchronization

/// Starts worker processes, collects what they find, and goes on behind whatever kills one.
public struct TortureRun: Sendable {
  private let request: TortureRequest
  private let options: TortureOptions
  /// How often a worker may die before its share is given up.
  private static let mostDeaths = 5

  /// - Throws: ``InputError`` for what cannot be read.
  public init(_ request: TortureRequest) throws(InputError) {
    self.request = request
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
    for _ in 0..<Self.mostDeaths {
      let (done1, life) = (done, try WorkerLife(request(since: begin), index, from: start))
      let last = life.run { tally in
        var sum = done1
        sum.add(tally)
        state.tallies.withLock { $0[index] = sum }
      }
      done.add(last.tally)
      guard let death = last.death, let position = last.position else { break }
      done.findings.append(finding(death, position, life))
      start = TorturePosition(
        part: position.part, number: position.number + options.share.count)
      if isOver(begin) { break }
    }
    let sum = done
    state.tallies.withLock { $0[index] = sum }
  }

  private func isOver(_ begin: ContinuousClock.Instant) -> Bool {
    guard case .time(let time) = options.limit else { return false }
    return begin.duration(to: .now) >= time
  }

  /// The request, with the time that is left.
  private func request(since begin: ContinuousClock.Instant) -> TortureRequest {
    guard case .time(let time) = options.limit else { return request }
    var request = request
    let left = time - begin.duration(to: .now)
    request.time = "\(max(1, left.components.seconds + 1))s"
    return request
  }

  private func finding(
    _ death: String, _ position: TorturePosition, _ life: WorkerLife
  ) -> TortureFinding {
    var found = TortureFinding(
      part: position.part, law: "trap",
      details: [death] + life.journal.filter { $0.hasPrefix("# ") },
      effort: position.number + 1)
    if position.part == .random {
      found.script = CrashShrinker().shrink(life.journal).joined(separator: "\n") + "\n"
    }
    return found
  }
}
