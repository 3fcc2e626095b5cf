// SPDX-License-Identifier: Apache-2.0

public import LinuxHost
import KernelMemory
import SystemPackage

/// Turns what the user asked for into the specification of a twin.
///
/// Without `--memory` the twin is that of a host: this one, or the one whose files lie below the
/// sysroot.
public struct TwinBuilder: Sendable {
  /// What the user asked for.
  public let options: MachineOptions

  /// Creates a builder.
  public init(_ options: MachineOptions) { self.options = options }

  /// What there is to build a twin from.
  public struct Blueprint: Sendable {
    /// The twin.
    public var specification: TwinSpecification
    /// The host it is a twin of; nil with `--memory`.
    public var host: HostDescription?
  }

  /// Reads the host if need be, and lays out the twin.
  ///
  /// - Throws: ``InputError``.
  public func build() throws(InputError) -> Blueprint {
    guard let memory = options.memory else { return try hostBlueprint() }
    guard options.sysroot == nil else {
      throw InputError("--memory and --sysroot both say what memory there is; give one of them")
    }
    return Blueprint(specification: try specification(of: try PlainMachine(memory)), host: nil)
  }

  /// The specification of a machine that is nothing but memory.
  func specification(of machine: PlainMachine) throws(InputError) -> TwinSpecification {
    let format = try ArchitectureChoice.format(named: options.architecture ?? "x86_64")
    var notes: [String] = []
    let kernel = try kernel(ofHost: nil, or: .unified, &notes)
    let cpuCount = try self.cpuCount ?? machine.nodeByteCounts.count
    return TwinSpecification(
      configuration: BootConfiguration(
        kernel: kernel, format: format, memoryMap: machine.memoryMap(format),
        layout: try machine.layout(format)),
      cpuCount: cpuCount, notes: notes)
  }

  private func hostBlueprint() throws(InputError) -> Blueprint {
    let host = try readHost()
    var notes: [String] = []
    let design = try kernel(ofHost: host, or: nil, &notes)
    let format =
      if let name = options.architecture {
        try ArchitectureChoice.format(named: name)
      } else {
        try ArchitectureChoice.format(of: host)
      }
    var cpuCount = try self.cpuCount ?? max(1, host.processors.online.count)
    if cpuCount > 4096 {
      notes.append("the host has \(cpuCount) CPUs; the twin has 4096, its most")
      cpuCount = 4096
    }
    let layout = HostLayout(host, format: format)
    let specification = TwinSpecification(
      configuration: BootConfiguration(
        kernel: design, format: format, memoryMap: layout.memoryMap,
        layout: try layout.nodeLayout(), occupiedBytes: layout.occupiedBytes),
      cpuCount: cpuCount, notes: notes + layout.notes)
    return Blueprint(specification: specification, host: host)
  }

  /// Reads the host that `options` name.
  func readHost() throws(InputError) -> HostDescription {
    let root = options.sysroot ?? "/"
    guard !root.isEmpty else {
      throw InputError("--sysroot: an empty name; name the directory that holds proc and sys")
    }
    do throws(HostReadError) {
      return try HostReader(root: FilePath(root)).read()
    } catch {
      throw InputError("\(error); name a directory that hvo snapshot made, or use --memory")
    }
  }

  private func kernel(
    ofHost host: HostDescription?, or fallback: KernelDesign?, _ notes: inout [String]
  ) throws(InputError) -> KernelDesign {
    if let name = options.kernel {
      if case .design(let design) = try KernelChoice(named: name) { return design }
    } else if let fallback {
      return fallback
    }
    let version =
      if let host { host.kernelVersion } else { try readHost().kernelVersion }
    let nearest = KernelDesign.nearest(to: version)
    if let note = nearest.note { notes.append(note) }
    return nearest.design
  }

  private var cpuCount: Int? {
    get throws(InputError) {
      guard let text = options.cpus else { return nil }
      let count = try SizeText.count(text, option: "--cpus")
      guard (1...4096).contains(count) else {
        throw InputError("--cpus: a twin has 1 to 4096 CPUs, not \(count)")
      }
      return Int(count)
    }
  }
}
