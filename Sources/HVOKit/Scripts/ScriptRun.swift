// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs scripts, each on a fresh twin of each kernel asked for, and compares what the kernels do.
public struct ScriptRun {
  private let options: MachineOptions
  /// The kernels to compare; nil if there is but one.
  private let kernels: KernelList?
  private let checksInvariants: Bool

  /// Prepares runs; `options.kernel` may name several kernels with commas between.
  ///
  /// - Throws: ``InputError`` for a kernel that there is not.
  public init(_ options: MachineOptions, checksInvariants: Bool) throws(InputError) {
    kernels = try KernelList(options.kernel)
    var options = options
    // The rest of the options has to be read with a kernel that there is.
    if let first = kernels?.designs.first { options.kernel = "\(first.name)" }
    self.options = options
    self.checksInvariants = checksInvariants
  }

  /// Whether several kernels are compared.
  public var comparesKernels: Bool { kernels != nil }

  /// Where lines go while scripts run.
  public struct Sinks {
    /// Takes what lines print, where there is one kernel.
    public var output: ([UInt8]) -> Void
    /// Takes the comparison of several kernels.
    public var compared: (ScriptComparison) -> Void
    /// Takes what went wrong on the one kernel, and summaries.
    public var complain: (String) -> Void
    /// Takes what is being done while several kernels keep their output back.
    public var progress: (String) -> Void

    public init(
      output: @escaping ([UInt8]) -> Void, compared: @escaping (ScriptComparison) -> Void,
      complain: @escaping (String) -> Void, progress: @escaping (String) -> Void
    ) {
      (self.output, self.compared) = (output, compared)
      (self.complain, self.progress) = (complain, progress)
    }
  }

  /// Runs the scripts at `paths`, one after another.
  ///
  /// - Throws: ``InputError`` before anything has run, if one of them cannot be read; or if a
  ///   machine does not boot.
  public func run(_ paths: [String], _ sinks: Sinks) throws(InputError) -> ScriptRunReport {
    var files: [ScriptFile] = []
    for path in paths { files.append(try ScriptFile(at: path)) }
    var report = ScriptRunReport()
    for file in files {
      let runs = try run(file, sinks, &report)
      for run in runs { sinks.complain(run.summary(.plain)) }
      report.runs += runs
    }
    return report
  }

  private func run(
    _ file: ScriptFile, _ sinks: Sinks, _ report: inout ScriptRunReport
  ) throws(InputError) -> [ScriptRunReport.Run] {
    guard let kernels else { return [try runAloud(file, nil, sinks)] }
    let wanted = kernels.designs.filter(file.script.setup.kernels.contains)
    var runs: [ScriptRunReport.Run] = []
    for kernel in kernels.designs {
      // A kernel that is left alone has none to be compared with.
      let isCompared = wanted.count > 1 && file.script.setup.kernels.contains(kernel)
      runs.append(
        isCompared
          ? try runSilently(file, kernel, sinks) : try runAloud(file, kernel, sinks))
    }
    guard wanted.count > 1 else { return runs }
    let comparison = ScriptComparison(runs.filter { !$0.isSkipped })
    report.comparisons = (report.comparisons ?? []) + [comparison.report]
    sinks.compared(comparison)
    return runs
  }

  /// Runs a script, unless it is for other kernels, and passes on what it prints.
  private func runAloud(
    _ file: ScriptFile, _ kernel: KernelDesign?, _ sinks: Sinks
  ) throws(InputError) -> ScriptRunReport.Run {
    let specification = try specification(for: file, kernel: kernel)
    let kernel = specification.configuration.kernel
    guard file.script.setup.kernels.contains(kernel) else {
      return ScriptRunReport.Run(script: file.name, kernel: "\(kernel.name)", isSkipped: true)
    }
    let twin = try twin(specification, for: file)
    return session(file, twin, output: sinks.output, complain: sinks.complain).runAll()
  }

  private func runSilently(
    _ file: ScriptFile, _ kernel: KernelDesign, _ sinks: Sinks
  ) throws(InputError) -> ScriptRunReport.Run {
    let title = "hvo: \(file.name) on \(kernel.name)"
    sinks.progress("\(title): booting …")
    let twin = try twin(try specification(for: file, kernel: kernel), for: file)
    let count = file.script.lines.count
    return session(file, twin, output: { _ in }, complain: { _ in })
      .runAll { sinks.progress("\(title): line \($0 + 1) of \(count) …") }
  }

  private func specification(
    for file: ScriptFile, kernel: KernelDesign?
  ) throws(InputError) -> TwinSpecification {
    do throws(InputError) {
      return try TwinBuilder(options).specification(for: file.script.setup, kernel: kernel)
    } catch {
      throw InputError("\(file.name): \(error)")
    }
  }

  private func twin(
    _ specification: TwinSpecification, for file: ScriptFile
  ) throws(InputError) -> Twin {
    do throws(InputError) {
      return try Twin(specification)
    } catch {
      throw InputError("\(file.name): \(error)")
    }
  }

  private func session(
    _ file: ScriptFile, _ twin: Twin, output: @escaping ([UInt8]) -> Void,
    complain: @escaping (String) -> Void
  ) -> ScriptSession {
    ScriptSession(
      file, on: twin, checksInvariants: checksInvariants, output: output, complain: complain)
  }
}
