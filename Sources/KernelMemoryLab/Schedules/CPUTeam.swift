// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
@_spi(Lab) import KernelMemory

/// Threads that play the CPUs of one trial after another; never two of them run at once.
///
/// A thread waits until it is woken and works until it hands over. All that they share is handed over
/// with that, so it needs no lock.
final class CPUTeam: @unchecked Sendable {
  let cpuCount: Int
  /// By CPU.
  private let turns: [DispatchSemaphore]
  private let end = DispatchSemaphore(value: 0)
  /// What is tried; nil tells the threads to end.
  private var run: ScheduleRun?

  init(cpuCount: Int) {
    self.cpuCount = cpuCount
    turns = (0..<cpuCount).map { _ in DispatchSemaphore(value: 0) }
    for cpu in 0..<cpuCount {
      let thread = Thread { [self] in work(as: cpu) }
      thread.stackSize = 4 << 20
      thread.start()
    }
  }

  /// Lets the threads end. A team that is stuck cannot, and is never used again.
  func disband() {
    run = nil
    for turn in turns { turn.signal() }
  }

  /// Tries a schedule, and returns when all are done or stuck.
  func perform(_ run: ScheduleRun) {
    self.run = run
    wake(run.first)
    end.wait()
    self.run = nil
  }

  private func work(as cpu: Int) {
    let observer = CPUObserver { [unowned self] step in run?.hear(step, from: cpu) }
    CPUSeat(self, cpu: cpu).occupy {
      while true {
        turns[cpu].wait()
        guard let run else { return }
        observer.whileObserving { run.trial.bodies[cpu]() }
        run.finish(cpu)
      }
    }
  }

  /// Says that the calling thread, which plays `cpu`, has trapped.
  func noteTrap(of cpu: Int) { run?.noteTrap(of: cpu) }

  /// Lets `cpu` go on.
  func wake(_ cpu: Int) { turns[cpu].signal() }

  /// Waits until the calling thread, which plays `cpu`, may go on.
  func sleep(_ cpu: Int) { turns[cpu].wait() }

  /// Says that the trial is over.
  func announceEnd() { end.signal() }
}
