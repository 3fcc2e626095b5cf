// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What stuck threads stand on: it lasts as long as they do, which is as long as the process.
enum StuckTrials {
  private static let all = Mutex<[(ScheduleRun, CPUTeam)]>([])

  static func keep(_ run: ScheduleRun, _ team: CPUTeam) {
    all.withLock { $0.append((run, team)) }
  }
}
