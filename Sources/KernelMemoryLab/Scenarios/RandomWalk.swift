// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// Random operations on random machines, with a look at everything after each.
///
/// The number of a machine and the seed say all that happens on it.
public struct RandomWalk {
  /// What was broken, and the smallest scenario that was found to break it.
  public struct Failure: Sendable {
    public var finding: Finding
    public var scenario: Scenario
    /// How many operations ran before it was seen.
    public var stepCount: Int
  }

  /// The kernels that machines run.
  public var kernels = KernelDesign.all
  /// The paging formats that machines have.
  public var formats: [PagingFormat]
  /// How many operations a machine sees.
  public var stepsPerMachine: Int
  /// Whether everything is checked after each operation, or only when a machine's operations are done.
  public var checksEveryStep = true
  /// How many scenarios are tried to make one that fails smaller.
  public var shrinkBudget = 2000
  private let seed: UInt64

  /// How many machines ran.
  public private(set) var machineCount = 0
  /// How many machines did not boot, which may be right for what was asked of them.
  public private(set) var refusedMachineCount = 0
  /// How many operations ran on all machines.
  public private(set) var stepCount = 0
  private var states: Set<StateKey> = []

  public init(seed: UInt64, stepsPerMachine: Int = 250, formats: [PagingFormat] = Self.allFormats) {
    (self.seed, self.stepsPerMachine, self.formats) = (seed, stepsPerMachine, formats)
  }

  /// How many states were seen that differ in some counter.
  public var distinctStateCount: Int { states.count }

  /// Every paging format.
  public static var allFormats: [PagingFormat] {
    let all = PagingFormat.all
    return all.indices.map { all[$0] }
  }

  /// Runs machine `number`.
  ///
  /// - Parameters:
  ///   - journal: takes the lines of the script, each before it runs.
  ///   - shouldStop: is asked before each operation.
  /// - Returns: the first thing that is wrong, on a scenario made small.
  public mutating func runMachine(
    _ number: UInt64, journal: (String) -> Void = { _ in }, shouldStop: () -> Bool = { false }
  ) -> Failure? {
    var random = SplitMix(seed: SplitMix.mix(seed) &+ SplitMix.mix(number &+ 1))
    let kernel = random.pick(kernels)
    var scenario = Scenario(
      machine: LabMachine(kernel: kernel, format: random.pick(formats), using: &random))
    scenario.machine.lines.forEach(journal)
    machineCount += 1
    guard let setup = try? scenario.parsed().setup, var run = try? ScenarioRun(setup) else {
      refusedMachineCount += 1
      return nil
    }
    let facts = MachineFacts(run.host, setup)
    var finding = run.finding()
    while finding == nil, run.stepCount < stepsPerMachine, !shouldStop() {
      let line = facts.randomOperation(using: &random)
      scenario.operations.append(line)
      journal(line)
      run.perform(line: line)
      stepCount += 1
      guard checksEveryStep else { continue }
      states.insert(StateKey(of: run.host.subsystem))
      finding = run.finding()
    }
    guard let finding = finding ?? run.finish() else { return nil }
    return shrunk(scenario, finding)
  }

  private func shrunk(_ scenario: Scenario, _ finding: Finding) -> Failure {
    func found(_ candidate: Scenario) -> Finding? {
      guard let found = try? ScenarioRun.finding(in: candidate.script), found.law == finding.law
      else { return nil }
      return found
    }
    guard found(scenario) != nil else {
      return Failure(finding: finding, scenario: scenario, stepCount: scenario.operations.count)
    }
    var shrinker = Shrinker(budget: shrinkBudget) { found($0) != nil }
    let small = shrinker.shrink(scenario)
    return Failure(
      finding: found(small) ?? finding, scenario: small, stepCount: scenario.operations.count)
  }
}
