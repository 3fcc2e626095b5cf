// SPDX-License-Identifier: Apache-2.0

import KernelMemory

/// Runs scripts, each on a fresh twin of each kernel asked for.
public struct ScriptRun {
  private let options: MachineOptions
  private let kernels: [KernelDesign?]
  private let checksInvariants: Bool

  /// Prepares runs; `options.kernel` may name several kernels with commas between.
  ///
  /// - Throws: ``InputError`` for a kernel that there is not.
  public init(_ options: MachineOptions, checksInvariants: Bool) throws(InputError) {
    var options = options
    let names = options.kernel?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    var kernels: [KernelDesign?] = []
    for name in names where names.count > 1 {
      guard case .design(let design) = try KernelChoice(named: String(name)) else {
        throw InputError("--kernel: host cannot be one of several kernels; name versions")
      }
      kernels.append(design)
    }
    if names.count > 1 { options.kernel = names.first.map(String.init) }
    self.options = options
    self.kernels = kernels.isEmpty ? [nil] : kernels
    self.checksInvariants = checksInvariants
  }

  /// Where lines go while scripts run.
  public struct Sinks {
    /// Takes what lines print.
    public var output: ([UInt8]) -> Void
    /// Takes what went wrong, and summaries.
    public var complain: (String) -> Void
    /// How the texts look.
    public var style: TextStyle

    public init(
      output: @escaping ([UInt8]) -> Void, complain: @escaping (String) -> Void, style: TextStyle
    ) {
      (self.output, self.complain, self.style) = (output, complain, style)
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
      for kernel in kernels {
        let run = try run(file, kernel, sinks)
        report.runs.append(run)
        sinks.complain(run.summary(.plain))
      }
    }
    return report
  }

  private func run(
    _ file: ScriptFile, _ kernel: KernelDesign?, _ sinks: Sinks
  ) throws(InputError) -> ScriptRunReport.Run {
    let specification: TwinSpecification
    let twin: Twin
    do throws(InputError) {
      specification = try TwinBuilder(options).specification(for: file.script.setup, kernel: kernel)
      twin = try Twin(specification)
    } catch {
      throw InputError("\(file.name): \(error)")
    }
    if kernels.count > 1 {
      sinks.output(Array("\(sinks.style.strong("== \(twin.subsystem.kernel.name)"))\n".utf8))
    }
    return ScriptSession(
      file, on: twin, checksInvariants: checksInvariants, output: sinks.output,
      complain: sinks.complain
    ).runAll()
  }
}
