// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// Runs groups of operations on CPUs of a small machine in every order that matters.
///
/// Each schedule begins on a machine that was just booted. Afterwards everything is at rest and must be
/// sound: every invariant holds, no page is lost, and readers saw nothing that cannot be.
public struct ScheduleExploration: Sendable {
  /// What runs at the same time: groups of two or three operations, one for each CPU.
  public var groups: [[ScheduledOperation]]
  /// The kernel that runs them.
  public var kernel: KernelDesign
  /// The page tables of the machine, with base pages of 4 KiB; ``formats`` has those that differ in
  /// what CPUs notice of each other.
  public var format: PagingFormat
  /// What a compare-and-exchange that finds another value asks of a page.
  public var failedExchange = FailedExchange.needsWritablePage
  /// How many preemptions a schedule may have.
  public var maximumPreemptions: Int
  /// How many schedules with more of them are tried at random, for each group.
  public var randomScheduleCount: Int
  /// What chance begins from.
  public var seed: UInt64

  /// An exploration of `groups`: of all pairs if nothing else is said.
  public init(
    groups: [[ScheduledOperation]] = ScheduledOperation.pairs, kernel: KernelDesign = .unified,
    format: PagingFormat = .x86FourLevel, maximumPreemptions: Int = 2,
    randomScheduleCount: Int = 0, seed: UInt64 = 1
  ) {
    precondition(format.pageSize.byteCount == 4096, "the pool's pages are of 2 MiB")
    self.groups = groups
    self.kernel = kernel
    self.format = format
    self.maximumPreemptions = maximumPreemptions
    self.randomScheduleCount = randomScheduleCount
    self.seed = seed
  }

  /// One format whose entries may change while in use, and one whose entries have to be broken first.
  public static let formats: [PagingFormat] = [.x86FourLevel, .arm64With4KPages]
}

/// What an exploration came to.
public struct ScheduleReport: Equatable, Sendable {
  /// A schedule under which something was wrong.
  public struct Failure: Equatable, Sendable {
    /// Kernel, operations and schedule, as ``ScheduleExploration/replay(_:)`` takes them.
    public var reproducer: String
    /// What was wrong, a line each.
    public var complaints: [String]
  }

  /// What was tried of one group.
  public struct Group: Equatable, Sendable {
    public var operations: [ScheduledOperation]
    public var tally: ScheduleTally
  }

  /// The groups that were begun, in order.
  public var groups: [Group] = []
  /// Everything that failed.
  public var failures: [Failure] = []
  /// Whether every schedule of every group was tried.
  public var isComplete = false

  /// A report of nothing so far.
  public init() {}

  /// How many schedules were tried.
  public var scheduleCount: Int { groups.reduce(0) { $0 + $1.tally.scheduleCount } }
  /// How many steps they had together.
  public var stepCount: Int { groups.reduce(0) { $0 + $1.tally.stepCount } }
}

extension ScheduleExploration {
  /// Tries the schedules of all groups.
  ///
  /// - Parameters:
  ///   - deadline: when to end, whatever is left; nil for never.
  ///   - progress: is called with what is known so far, after each group.
  /// - Throws: ``HostedMachineError`` or ``BootError`` if the machine cannot be made.
  public func run(
    until deadline: ContinuousClock.Instant? = nil, progress: (ScheduleReport) -> Void = { _ in }
  ) throws -> ScheduleReport {
    var report = ScheduleReport()
    let isDue = { deadline.map { ContinuousClock.now >= $0 } ?? false }
    for operations in groups where !isDue() {
      let tally = try search(operations).run(until: isDue)
      report.groups.append(.init(operations: operations, tally: tally))
      report.failures += tally.failures.map {
        .init(reproducer: text(operations, $0.schedule), complaints: $0.complaints)
      }
      progress(report)
    }
    report.isComplete =
      report.groups.count == groups.count && report.groups.allSatisfy(\.tally.isComplete)
    return report
  }

  /// The search through the schedules of one group.
  func search(_ operations: [ScheduledOperation]) -> ScheduleSearch {
    let (kernel, format, failedExchange) = (kernel, format, failedExchange)
    var search = ScheduleSearch(maximumPreemptions: maximumPreemptions) {
      let scene = try ScheduleScene(kernel, format, for: operations, failedExchange)
      let bodies = operations.enumerated().map { cpu, operation in
        { @Sendable in scene.perform(operation, as: cpu) }
      }
      return ScheduleTrial(bodies) { scene.verdict() }
    }
    search.randomScheduleCount = randomScheduleCount
    search.seed = seed
    search.makeEntryOrder = { EntryOrder(format.regime) }
    // Only where memory comes and goes do the lists of ranges and blocks change.
    search.granularity = operations.contains(.offline) ? .everyLock : .noListLocks
    return search
  }

  private func text(_ operations: [ScheduledOperation], _ schedule: Schedule) -> String {
    let names = operations.map(\.rawValue).joined(separator: " | ")
    return "\(kernel.name) \(format.name): \(names) @ \(schedule)"
  }

  /// Tries one schedule, such as `unified x86_64: grow | shrink @ 12:1 37:0`, once more.
  ///
  /// - Returns: how it went.
  /// - Throws: ``ScheduleTextError``, ``HostedMachineError`` or ``BootError``.
  public static func replay(_ text: String) throws -> ScheduleOutcome {
    let halves = text.split(separator: "@", omittingEmptySubsequences: false)
    let head = halves[0].split(separator: ":", omittingEmptySubsequences: false)
    guard halves.count == 2, head.count == 2 else { throw ScheduleTextError.malformed }
    let operations = try head[1].split(separator: "|").map { word in
      let word = word.filter { $0 != " " }
      guard let operation = ScheduledOperation(rawValue: word) else {
        throw ScheduleTextError.unknownOperation(word)
      }
      return operation
    }
    let exploration = try Self(groups: [operations], on: head[0])
    return try exploration.search(operations).replay(Schedule(parsing: halves[1]))
  }

  /// An exploration of `groups` on a machine such as `unified x86_64`.
  private init(
    groups: [[ScheduledOperation]], on machine: Substring
  ) throws(ScheduleTextError) {
    let words = machine.split(separator: " ")
    guard words.count == 2 else { throw .malformed }
    guard let kernel = KernelDesign.named(Array(words[0].utf8)[...]) else {
      throw .unknownKernel(String(words[0]))
    }
    let format = Self.formats.first { "\($0.name)" == words[1] }
    guard let format else { throw .unknownFormat(String(words[1])) }
    self.init(groups: groups, kernel: kernel, format: format)
  }
}

extension ScheduleScene {
  /// Does `operation` as CPU `cpu`.
  fileprivate func perform(_ operation: ScheduledOperation, as cpu: Int) {
    subsystem.machine.run(on: CPUID(cpu)) { operation.perform(on: self, as: cpu) }
  }
}
