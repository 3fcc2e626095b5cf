// SPDX-License-Identifier: Apache-2.0

@_spi(Lab) public import KernelMemory

/// Runs a scenario and looks at the machine after every operation.
///
/// Whatever an operation answers is right, refusals too; what counts is the state it leaves. At the
/// end everything is given back, and no frame may be lost.
public struct ScenarioRun {
  /// The machine.
  public let host: LabHost
  /// How many operations have run.
  public private(set) var stepCount = 0
  private let runner: ScriptRunner
  private let heldBefore: Int

  /// Boots the machine that `setup` describes.
  ///
  /// - Throws: ``NodeLayoutError``, ``HostedMachineError`` or ``BootError`` where there can be no such
  ///   machine.
  public init(_ setup: ScriptSetup) throws {
    host = try LabHost(setup)
    runner = ScriptRunner(InterfaceTree(host.subsystem))
    heldBefore = SubsystemDigest(of: host.subsystem)["held elsewhere"]
  }

  /// What is wrong right now.
  public func finding() -> Finding? {
    let violations = host.subsystem.checkInvariants()
    guard let first = violations.first else { return nil }
    return Finding(
      step: stepCount == 0 ? nil : stepCount - 1, law: first.law, details: violations.map(\.text))
  }

  /// Runs a line of a script.
  ///
  /// - Precondition: it is a command.
  @discardableResult
  mutating func perform(line: String) -> ScriptOutcome {
    guard let command = try? Script(Array(line.utf8)[...]).lines.first?.command else {
      preconditionFailure("operations are lines of scripts: \(line)")
    }
    return perform(command)
  }

  /// Runs one command.
  @discardableResult
  public mutating func perform(_ command: ScriptCommand) -> ScriptOutcome {
    var output = TextSink()
    stepCount += 1
    return runner.run(command, line: stepCount, output: &output)
  }

  /// Ends all processes, takes all devices away, and counts frames.
  ///
  /// - Returns: what is wrong then.
  public mutating func finish() -> Finding? {
    host.machine.failures.stopFailing()
    runner.endProcesses()
    if let finding = finding() { return finding }
    let lost = SubsystemDigest(of: host.subsystem)["held elsewhere"] - heldBefore
    guard lost != 0 else { return nil }
    return Finding(step: stepCount, law: "frames lost", details: ["\(lost) frames are nobody's"])
  }
}

extension ScenarioRun {
  /// Runs a whole script; tells the first thing that is wrong.
  ///
  /// - Throws: ``ScriptError`` if it cannot be read, or what the machine's boot throws.
  public static func finding(in script: String) throws -> Finding? {
    let script = try Script(Array(script.utf8)[...])
    var run = try Self(script.setup)
    if let finding = run.finding() { return finding }
    for line in script.lines {
      run.perform(line.command)
      if let finding = run.finding() { return finding }
    }
    return run.finish()
  }
}
