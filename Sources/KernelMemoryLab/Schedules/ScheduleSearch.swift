// SPDX-License-Identifier: Apache-2.0

/// Goes through the schedules of one kind of trial: first those without preemption, then those with
/// one, and so on.
///
/// A preemption takes a CPU off that could have gone on. Whoever goes on when one could not is a
/// choice that costs nothing; all such choices are tried. Most bugs need no more than two preemptions.
public struct ScheduleSearch: Sendable {
  /// A schedule under which something was wrong.
  public struct Failure: Equatable, Sendable {
    public var schedule: Schedule
    /// What was wrong.
    public var complaints: [String]
  }

  /// Which steps let others go on.
  public enum Granularity: Sendable {
    /// All.
    case everyLock
    /// All but those of locks that guard a list: enough where nobody changes these lists.
    case noListLocks
  }

  /// Brings about the state that each trial begins from.
  public let makeTrial: @Sendable () throws -> ScheduleTrial
  /// How many preemptions a schedule may have.
  public var maximumPreemptions: Int
  /// How many schedules beyond these are tried at random.
  public var randomScheduleCount = 0
  /// What chance begins from.
  public var seed: UInt64 = 1
  /// Which steps let others go on.
  public var granularity = Granularity.everyLock
  /// After how many failures the search ends: each may leave a stuck machine behind.
  public var failureLimit = 3
  /// Makes the watch over page-table entries; nil for none.
  var makeEntryOrder: @Sendable () -> EntryOrder? = { nil }

  /// A search over trials that `makeTrial` makes, each with the same number of CPUs.
  public init(
    maximumPreemptions: Int = 2, _ makeTrial: @escaping @Sendable () throws -> ScheduleTrial
  ) {
    self.maximumPreemptions = maximumPreemptions
    self.makeTrial = makeTrial
  }
}

/// What a search came to.
public struct ScheduleTally: Equatable, Sendable {
  /// How many schedules were tried, by number of preemptions.
  public var scheduleCounts: [Int] = []
  /// How many schedules were tried at random.
  public var randomScheduleCount = 0
  /// The steps of all of them.
  public var stepCount = 0
  /// The most steps that one of them had.
  public var longestStepCount = 0
  /// What went wrong.
  public var failures: [ScheduleSearch.Failure] = []
  /// Whether everything was tried that was to be tried.
  public var isComplete = false

  /// How many schedules were tried.
  public var scheduleCount: Int { scheduleCounts.reduce(randomScheduleCount, +) }
}

extension ScheduleSearch {
  /// Tries all schedules, until there are no more, too many failed, or `isDue` says so.
  ///
  /// - Throws: what `makeTrial` throws.
  public func run(until isDue: () -> Bool = { false }) throws -> ScheduleTally {
    var tally = ScheduleTally()
    var stage = ScheduleStage(search: self)
    defer { stage.close() }
    var level = [Schedule()]
    var length = 0
    for preemptions in 0...max(0, maximumPreemptions) {
      tally.scheduleCounts.append(0)
      var nextLevel: [Schedule] = []
      while let schedule = level.popLast() {
        guard !isDue() else { return tally }
        let outcome = try stage.perform(ScheduleGuide(schedule))
        tally.scheduleCounts[preemptions] += 1
        tally.note(outcome)
        length = max(length, outcome.stepCount)
        guard tally.failures.count < failureLimit else { return tally }
        guard outcome.complaints.isEmpty else { continue }
        branch(
          from: schedule, outcome, &level, &nextLevel, isLast: preemptions == maximumPreemptions)
      }
      level = nextLevel.reversed()
    }
    try runRandomly(length, &stage, &tally, until: isDue)
    return tally
  }

  /// Adds the schedules that differ from `schedule` in one switch behind its own: those that cost
  /// nothing to `level`, the others to `nextLevel`.
  private func branch(
    from schedule: Schedule, _ outcome: ScheduleOutcome, _ level: inout [Schedule],
    _ nextLevel: inout [Schedule], isLast: Bool
  ) {
    let last = schedule.switches.last?.step ?? -1
    for choice in outcome.choices where choice.step > last && (choice.isFree || !isLast) {
      var rest = choice.alternatives
      while rest != 0 {
        let cpu = rest.trailingZeroBitCount
        rest &= rest - 1
        let branched = Schedule(schedule.switches + [.init(step: choice.step, cpu: cpu)])
        if choice.isFree { level.append(branched) } else { nextLevel.append(branched) }
      }
    }
  }

  /// Tries schedules that chance makes, with about three to eight switches anywhere.
  private func runRandomly(
    _ length: Int, _ stage: inout ScheduleStage, _ tally: inout ScheduleTally,
    until isDue: () -> Bool
  ) throws {
    var random = SplitMix(seed: seed)
    while tally.randomScheduleCount < randomScheduleCount {
      guard !isDue() else { return }
      let count = Int.random(in: 3...8, using: &random)
      let guide = ScheduleGuide(random: random.next(), onceIn: max(2, length / count))
      let outcome = try stage.perform(guide)
      tally.randomScheduleCount += 1
      tally.note(outcome)
      guard tally.failures.count < failureLimit else { return }
    }
    tally.isComplete = true
  }

  /// Tries one schedule, and takes down what every CPU does.
  ///
  /// - Returns: how it went.
  /// - Throws: what `makeTrial` throws.
  public func replay(_ schedule: Schedule) throws -> ScheduleOutcome {
    var stage = ScheduleStage(search: self)
    defer { stage.close() }
    return try stage.perform(ScheduleGuide(schedule), log: [])
  }
}

extension ScheduleTally {
  fileprivate mutating func note(_ outcome: ScheduleOutcome) {
    stepCount += outcome.stepCount
    longestStepCount = max(longestStepCount, outcome.stepCount)
    guard !outcome.complaints.isEmpty else { return }
    failures.append(.init(schedule: outcome.schedule, complaints: outcome.complaints))
  }
}

/// Where trials take place: a team of threads that is replaced when it is stuck.
private struct ScheduleStage {
  let search: ScheduleSearch
  private var team: CPUTeam?

  init(search: ScheduleSearch) {
    self.search = search
    TrapGuard.install()
  }

  mutating func perform(_ guide: ScheduleGuide, log: [String]? = nil) throws -> ScheduleOutcome {
    let trial = try search.makeTrial()
    let team = self.team ?? CPUTeam(cpuCount: trial.bodies.count)
    self.team = team
    let run = ScheduleRun(
      trial, guide, on: team, search.granularity, entries: search.makeEntryOrder())
    run.log = log
    team.perform(run)
    var outcome = run.outcome
    outcome.log = run.log ?? []
    if outcome.isStuck {
      // Its threads stand somewhere in the middle, with all they hold: nobody can take that apart.
      StuckTrials.keep(run, team)
      self.team = nil
    } else {
      outcome.complaints += trial.verdict()
    }
    return outcome
  }

  func close() {
    team?.disband()
    TrapGuard.remove()
  }
}
