// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Everything that the lab can do to the subsystem, one part after another, case by case.
///
/// The options and a case's number say all that happens in it, so a torture that was cut off goes on
/// where it was.
public struct Torture {
  /// What is told of a torture while it runs.
  public struct Observer {
    /// A case begins.
    public var begin: (TorturePosition) -> Void = { _ in }
    /// A line of the case's script is about to run.
    public var note: (String) -> Void = { _ in }
    /// A case has ended, and this is known so far.
    public var progress: (TortureTally) -> Void = { _ in }

    public init() {}
  }

  /// What was explored and found.
  public private(set) var tally = TortureTally()
  private let options: TortureOptions
  private let observer: Observer
  private let start = ContinuousClock.now
  private let end: ContinuousClock.Instant?

  public init(_ options: TortureOptions, _ observer: Observer = Observer()) {
    (self.options, self.observer) = (options, observer)
    end = if case .time(let time) = options.limit { start.advanced(by: time) } else { nil }
  }

  /// Runs all parts, from `position` on if one is named.
  ///
  /// - Throws: what the boot of a small machine throws.
  public mutating func run(from position: TorturePosition? = nil) throws {
    var first = position
    for part in options.parts {
      if let wanted = first?.part, wanted != part { continue }
      let number = first?.number ?? options.share.index
      first = nil
      let deadline = options.deadline(of: part, from: .now, end: end)
      switch part {
      case .sweep: try sweep(from: number, until: deadline)
      case .schedules: try runSchedules(from: number, until: deadline)
      case .random: walk(from: number, until: deadline)
      }
    }
  }

  private func begin(_ part: TorturePart, _ number: Int) {
    observer.begin(TorturePosition(part: part, number: number))
  }

  private func isDue(_ deadline: ContinuousClock.Instant?) -> Bool {
    if options.endsWithFirst, !tally.findings.isEmpty { return true }
    return deadline.map { ContinuousClock.now >= $0 } ?? false
  }

  private mutating func note(_ finding: TortureFinding) {
    var finding = finding
    finding.seconds = (ContinuousClock.now - start) / .seconds(1)
    tally.findings.append(finding)
  }

  /// The cases `items` in an order that the seed chooses.
  private func shuffled<Item>(_ items: [Item]) -> [Item] {
    var random = SplitMix(seed: options.seed)
    return items.shuffled(using: &random)
  }

  // MARK: Failures

  private mutating func sweep(
    from first: Int, until deadline: ContinuousClock.Instant?
  ) throws {
    let cases = shuffled(try sweepCases())
    for number in stride(from: first, to: cases.count, by: options.share.count) {
      if isDue(deadline) {
        tally.isComplete = false
        return
      }
      begin(.sweep, number)
      let (kernel, format, name) = cases[number]
      observer.note("# sweep: \(name) on \(kernel.name), \(format.name)")
      var sweep = MachineSweep(kernel, format)
      let isWhole = try sweep.run(where: { $0 == name }, shouldStop: { isDue(deadline) })
      tally.isComplete = tally.isComplete && isWhole
      tally.sweptOperations += sweep.operationCount
      tally.failures += Int(sweep.failureCount)
      sweep.findings.prefix(1).forEach { finding in
        var found = TortureFinding(
          part: .sweep, law: "failure", details: sweep.findings.map(\.text),
          effort: Int(sweep.failureCount))
        found.script = finding.script
        note(found)
      }
      observer.progress(tally)
    }
  }

  private func sweepCases() throws -> [(KernelDesign, PagingFormat, String)] {
    var cases: [(KernelDesign, PagingFormat, String)] = []
    for format in options.formats {
      for kernel in options.kernels {
        cases += try MachineSweep(kernel, format).operationNames().map { (kernel, format, $0) }
      }
    }
    return cases
  }

  // MARK: Schedules

  private mutating func runSchedules(
    from first: Int, until deadline: ContinuousClock.Instant?
  ) throws {
    let cases = shuffled(scheduleCases)
    for number in stride(from: first, to: cases.count, by: options.share.count) {
      if isDue(deadline) {
        tally.isComplete = false
        return
      }
      begin(.schedules, number)
      let (kernel, format, pair) = cases[number]
      let names = pair.map(\.rawValue).joined(separator: " | ")
      observer.note("# schedules: \(kernel.name) \(format.name): \(names)")
      try explore(pair, on: kernel, format, until: deadline)
      observer.progress(tally)
    }
  }

  private var scheduleCases: [(KernelDesign, PagingFormat, [ScheduledOperation])] {
    let formats = options.scheduledFormats
    return options.kernels.flatMap { kernel in
      formats.flatMap { format in
        ScheduledOperation.pairs(for: kernel).map { (kernel, format, $0) }
      }
    }
  }

  private mutating func explore(
    _ pair: [ScheduledOperation], on kernel: KernelDesign, _ format: PagingFormat,
    until deadline: ContinuousClock.Instant?
  ) throws {
    let exploration = ScheduleExploration(
      groups: [pair], kernel: kernel, format: format, seed: options.seed)
    let report = try exploration.run(until: deadline)
    tally.groups += 1
    tally.schedules += report.scheduleCount
    tally.isComplete = tally.isComplete && report.isComplete
    report.failures.prefix(1).forEach { failure in
      var found = TortureFinding(
        part: .schedules, law: "schedule", details: failure.complaints,
        effort: report.scheduleCount)
      found.schedule = failure.reproducer
      note(found)
    }
  }

  // MARK: Random operations

  private mutating func walk(from first: Int, until deadline: ContinuousClock.Instant?) {
    var walk = RandomWalk(seed: options.seed, formats: options.formats)
    walk.kernels = options.kernels
    var number = first
    let before = tally
    func hasEnough(_ steps: Int) -> Bool {
      guard !isDue(deadline) else { return true }
      guard case .steps(let limit) = options.limit else { return false }
      return steps * options.share.count >= limit
    }
    while !hasEnough(walk.stepCount) {
      begin(.random, number)
      let steps = walk.stepCount
      let failure = walk.runMachine(UInt64(number), journal: observer.note) {
        isDue(deadline)
      }
      tally.operations = before.operations + walk.stepCount
      tally.machines = before.machines + walk.machineCount
      tally.refusedMachines = before.refusedMachines + walk.refusedMachineCount
      tally.distinctStates = before.distinctStates + walk.distinctStateCount
      if let failure { note(Self.finding(failure, tally.operations)) }
      observer.progress(tally)
      number += options.share.count
      // A machine of which nothing can be asked must not stop all others.
      if walk.stepCount == steps, walk.machineCount > 10_000 { return }
    }
  }

  private static func finding(_ failure: RandomWalk.Failure, _ effort: Int) -> TortureFinding {
    var found = TortureFinding(
      part: .random, law: failure.finding.law, details: failure.finding.details, effort: effort)
    found.script = failure.scenario.script
    found.swiftTest = failure.scenario.swiftTest(named: "\(failure.finding.law) holds")
    return found
  }
}
