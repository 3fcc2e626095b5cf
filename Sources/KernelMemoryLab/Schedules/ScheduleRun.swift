// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) import KernelMemory

/// One trial under one schedule, step by step.
///
/// Whoever runs decides at each of its steps who goes on. A CPU that waits for a lock cannot until
/// somebody lets go of it; one that spins for something else lets others go first, and if there are
/// none looks a few times more: what it waits for may have come before it began to spin. If nobody
/// can go on, they wait for each other: that is a deadlock.
final class ScheduleRun: @unchecked Sendable {
  /// What a CPU does.
  private enum State {
    case ready
    case waiting(LockID)
    case spinning
    case finished
  }

  /// Steps after which nobody believes any more that the CPUs come to an end.
  private static var stepLimit: Int { 20_000 }
  /// Looks in a row after which what a CPU waits for will not come.
  private static var spinLimit: Int { 3 }

  let trial: ScheduleTrial
  private unowned let team: CPUTeam
  /// Whether locks of lists are places where others may go on.
  private let granularity: ScheduleSearch.Granularity
  private var guide: ScheduleGuide
  private var states: [State]
  private var locks: LockOrder
  private var entries: EntryOrder?
  private(set) var outcome = ScheduleOutcome()
  private(set) var first = 0
  private var steps = 0
  private var complaints: [String] = []
  /// How often a CPU has spun since another one has taken a step.
  private var vainSpins = 0
  /// What every CPU did, a line each; nil if nobody wants to know.
  var log: [String]?

  init(
    _ trial: ScheduleTrial, _ guide: ScheduleGuide, on team: CPUTeam,
    _ granularity: ScheduleSearch.Granularity = .everyLock, entries: EntryOrder? = nil
  ) {
    self.trial = trial
    self.team = team
    self.granularity = granularity
    self.entries = entries
    self.guide = guide
    states = Array(repeating: .ready, count: trial.bodies.count)
    locks = LockOrder(cpuCount: trial.bodies.count)
    outcome.choices.reserveCapacity(256)
    first = choose(among: readyCPUs, insteadOf: 0, isFree: true)
  }

  /// Who could go on; bit *n* stands for CPU *n*.
  private var readyCPUs: UInt64 {
    var mask: UInt64 = 0
    for cpu in states.indices { if case .ready = states[cpu] { mask |= 1 << UInt64(cpu) } }
    return mask
  }

  // MARK: Steps

  /// Takes note of a step of `cpu`, and returns when it may go on.
  func hear(_ step: CPUStep, from cpu: Int) {
    log?.append("\(steps): CPU \(cpu) \(step.text)")
    switch step {
    case .locking(let lock, let rank):
      if let complaint = locks.complaint(of: cpu, taking: lock, rank) { complain(complaint) }
      if granularity == .everyLock || !rank.guardsList { pass(cpu) }
    case .waiting(let lock):
      states[cpu] = .waiting(lock)
      wait(cpu)
    case .locked(let lock, let rank):
      locks.take(lock, rank, by: cpu)
    case .unlocked(let lock):
      locks.release(lock, by: cpu)
      for other in states.indices {
        if case .waiting(lock) = states[other] { states[other] = .ready }
      }
      if granularity == .everyLock || !locks.guardsList(lock) { pass(cpu) }
    case .spinning:
      spin(cpu)
    case .entryChanged(let place, let old, let new):
      if let complaint = entries?.complaint(of: place, from: old, to: new) { complain(complaint) }
      pass(cpu)
    case .flushed:
      entries?.noteFlush()
      pass(cpu)
    case .flushing, .gracePeriod, .readerSection, .exchanging:
      pass(cpu)
    case .oops(let pfn):
      complain(
        "CPU \(cpu): oops: the descriptor of frame \(pfn.rawValue) was accessed as its mapping forbids"
      )
      getStuck(cpu)
    }
  }

  /// Takes note that `cpu` trapped, and does not return.
  func noteTrap(of cpu: Int) {
    complain("CPU \(cpu): trap: what must hold did not")
    getStuck(cpu)
  }

  private func complain(_ complaint: String) {
    if complaints.count < 16 { complaints.append("\(complaint), at step \(steps)") }
  }

  /// Lets another CPU go on if the schedule says so.
  private func pass(_ cpu: Int) {
    steps += 1
    for other in states.indices where other != cpu {
      if case .spinning = states[other] { states[other] = .ready }
    }
    guard steps < Self.stepLimit else {
      complain("no end is in sight: \(locks.whereabouts(of: describe))")
      return getStuck(cpu)
    }
    let chosen = choose(among: readyCPUs, insteadOf: cpu, isFree: false)
    if chosen != cpu { handOver(from: cpu, to: chosen) }
  }

  /// Lets somebody else go on, if there is somebody, as `cpu` waits for what they do.
  private func spin(_ cpu: Int) {
    states[cpu] = .spinning
    guard readyCPUs == 0, vainSpins < Self.spinLimit else { return wait(cpu) }
    vainSpins += 1
    states[cpu] = .ready
  }

  /// Lets somebody else go on, as `cpu` cannot.
  private func wait(_ cpu: Int) {
    steps += 1
    let ready = readyCPUs
    guard ready != 0, steps < Self.stepLimit else {
      complain("deadlock: \(locks.whereabouts(of: describe))")
      return getStuck(cpu)
    }
    handOver(
      from: cpu, to: choose(among: ready, insteadOf: successor(of: cpu, in: ready), isFree: true))
  }

  /// Says that `cpu` is done, and lets the next one go on.
  func finish(_ cpu: Int) {
    steps += 1
    states[cpu] = .finished
    if let complaint = locks.complaintAtEnd(of: cpu) { complain(complaint) }
    for other in states.indices { if case .spinning = states[other] { states[other] = .ready } }
    vainSpins = 0
    let ready = readyCPUs
    if ready != 0 {
      let chosen = choose(among: ready, insteadOf: successor(of: cpu, in: ready), isFree: true)
      return team.wake(chosen)
    }
    let isOver = states.allSatisfy { if case .finished = $0 { true } else { false } }
    if !isOver { complain("deadlock: \(locks.whereabouts(of: describe))") }
    end(isStuck: !isOver)
  }

  // MARK: Who goes on

  /// The CPU that goes on at this step: `usual`, or the one that the schedule names.
  private func choose(among ready: UInt64, insteadOf usual: Int, isFree: Bool) -> Int {
    let alternatives = ready & ~(1 << UInt64(usual))
    if alternatives != 0 {
      outcome.choices.append(.init(step: steps, alternatives: alternatives, isFree: isFree))
    }
    switch guide.choice(at: steps, insteadOf: usual, alternatives, isFree: isFree) {
    case .usual: return usual
    case .other(let cpu):
      outcome.schedule.switches.append(.init(step: steps, cpu: cpu))
      return cpu
    case .impossible(let wish):
      complain("the schedule does not fit: at step \(wish.step), CPU \(wish.cpu) cannot go on")
      return usual
    }
  }

  /// The next CPU behind `cpu`, in a circle, that can go on.
  private func successor(of cpu: Int, in ready: UInt64) -> Int {
    let behind = ready & ~((2 << UInt64(cpu)) &- 1)
    return (behind != 0 ? behind : ready).trailingZeroBitCount
  }

  private func handOver(from cpu: Int, to other: Int) {
    vainSpins = 0
    team.wake(other)
    team.sleep(cpu)
  }

  // MARK: The end

  /// Ends the trial where everybody stands. The calling thread, which can neither go on nor go back,
  /// sleeps for ever.
  private func getStuck(_ cpu: Int) {
    end(isStuck: true)
    while true { team.sleep(cpu) }
  }

  private func end(isStuck: Bool) {
    outcome.isStuck = isStuck
    outcome.stepCount = steps
    outcome.complaints = complaints
    team.announceEnd()
  }

  private func describe(_ cpu: Int) -> LockOrder.Whereabouts {
    switch states[cpu] {
    case .ready: .working
    case .waiting(let lock): .waiting(lock)
    case .spinning: .spinning
    case .finished: .done
    }
  }
}
