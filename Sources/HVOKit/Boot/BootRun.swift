// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Boots the kernel in QEMU: once for each script, or for somebody who types.
public struct BootRun {
  private let request: BootRequest
  private let surroundings: Surroundings
  /// The kernels that were found so far.
  private var images: [BootArchitecture: KernelImage] = [:]

  /// Where lines go meanwhile.
  public struct Sinks {
    /// Takes what the consoles show, as it comes.
    public var output: ([UInt8]) -> Void
    /// Takes what is to be said besides.
    public var complain: (String) -> Void

    public init(output: @escaping ([UInt8]) -> Void, complain: @escaping (String) -> Void) {
      (self.output, self.complain) = (output, complain)
    }
  }

  /// One start, with all that was found out before anything runs.
  private struct Plan {
    var script: ScriptFile?
    var machine: BootMachine
    var seconds: UInt?
    /// The program that plays the machine.
    var emulator: String
  }

  /// Prepares to boot what `request` says.
  public init(_ request: BootRequest, in surroundings: Surroundings = .own) {
    (self.request, self.surroundings) = (request, surroundings)
  }

  /// Boots a kernel for each script at `paths`, one after another; `-` is standard input. Without any,
  /// standard input is what is typed.
  ///
  /// - Throws: ``InputError`` before anything has run, if something cannot be used.
  public mutating func run(_ paths: [String], _ sinks: Sinks) throws(InputError) -> BootReport {
    var plans: [Plan] = []
    for path in paths { plans.append(try plan(try ScriptFile(at: path))) }
    if plans.isEmpty { plans.append(try plan(nil)) }
    for plan in plans { _ = try image(for: plan.machine.architecture) }
    var report = BootReport()
    for plan in plans { report.runs.append(try boot(plan, sinks)) }
    return report
  }

  private func plan(_ script: ScriptFile?) throws(InputError) -> Plan {
    let machine = try request.machine(for: script?.script.setup)
    return Plan(
      script: script, machine: machine, seconds: try request.limit(isScript: script != nil),
      emulator: try surroundings.emulator(for: machine.architecture))
  }

  /// The kernel for an architecture, built once.
  private mutating func image(
    for architecture: BootArchitecture
  ) throws(InputError) -> KernelImage {
    if let image = images[architecture] { return image }
    let image = try KernelImage(request.kernelImage, for: architecture, in: surroundings)
    images[architecture] = image
    return image
  }

  private mutating func boot(_ plan: Plan, _ sinks: Sinks) throws(InputError) -> BootReport.Run {
    var copy: BootScript?
    if let script = plan.script { copy = try BootScript(script, in: surroundings.temporaryFolder) }
    defer { copy?.remove() }
    let image = try image(for: plan.machine.architecture)
    let start = EmulatorStart(
      machine: plan.machine, image: image.path, script: copy?.path,
      commandLine: request.commandLine(script: plan.script?.name), extra: request.emulatorWords)
    let process = GuardedProcess(
      program: plan.emulator, arguments: start.arguments, input: input(plan),
      scratchFile: copy?.path)
    let begin = ContinuousClock.now
    var shown: [UInt8] = []
    let ending = try RawTerminal.run(isWanted: plan.script == nil) { () throws(InputError) in
      try process.run(limit: plan.seconds.map { .seconds(Int($0)) }) { bytes in
        shown += bytes
        sinks.output(bytes)
      }
    }
    let run = BootReport.Run(
      script: plan.script?.name, on: plan.machine, verdict: BootVerdict(ending),
      complaint: ending.complaint(seconds: plan.seconds ?? 0),
      duration: begin.duration(to: .now), output: shown)
    explain(run, image.checkout, sinks)
    return run
  }

  /// Standard input is for whoever types; with a monitor also besides a script.
  private func input(_ plan: Plan) -> GuardedProcess.Input {
    let isTyped = plan.script == nil || request.emulatorWords.contains("-monitor")
    return isTyped ? .relay(InputRelay()) : .nothing
  }

  /// Says what the console does not.
  private func explain(_ run: BootReport.Run, _ checkout: Checkout?, _ sinks: Sinks) {
    guard let complaint = run.complaint else { return }
    sinks.complain("hvo: \(run.script ?? "the console"): \(complaint)")
    let backtrace = run.backtrace
    guard !backtrace.isEmpty else { return }
    if surroundings.program("llvm-symbolizer") != nil, let checkout,
      checkout.symbolise(backtrace, run.architecture, show: sinks.complain)
    {
      return
    }
    sinks.complain(
      "hvo: ./dev metal symbolise --arch \(run.architecture.rawValue) names the addresses that it "
        + "reads")
  }
}
