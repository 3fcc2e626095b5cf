// SPDX-License-Identifier: Apache-2.0

import KernelMemory
import KernelMemoryLab

/// One schedule, run once more, and what every CPU did.
public struct ScheduleReplay: Codable, Sendable {
  public var schema = "hvo.schedule"
  public var version = 1
  /// The schedule as it is typed.
  public var schedule: String
  /// What was wrong; empty if nothing was.
  public var complaints: [String]
  /// What the CPUs did, step by step.
  public var steps: [String]

  /// Runs the schedule, such as `unified x86_64: grow | shrink @ 12:1 37:0`.
  ///
  /// - Throws: ``InputError`` if it is none.
  public init(_ schedule: String) throws(InputError) {
    let outcome: ScheduleOutcome
    do {
      outcome = try ScheduleExploration.replay(schedule)
    } catch {
      throw InputError(
        "--replay: \(InputError.quote(schedule)) is no schedule such as "
          + "'unified x86_64: grow | shrink @ 12:1 37:0' (\(error))")
    }
    self.schedule = schedule
    complaints = outcome.complaints
    steps = outcome.log
  }

  /// The replay for people, line by line.
  public var text: [String] {
    steps + [complaints.isEmpty ? "nothing wrong" : "wrong:"]
      + complaints.map { "  \(InputError.harmless($0, limit: 400))" }
  }
}
