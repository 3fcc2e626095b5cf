// SPDX-License-Identifier: Apache-2.0

/// A text of shell-like lines that a machine, a twin or, through its plain lines, Linux can run.
///
/// ```sh
/// #@ machine memory=2G nodes=2
/// #@ boot hugetlb_free_vmemmap=on
/// echo 64 > /proc/sys/vm/nr_hugepages
/// #@ expect /proc/sys/vm/nr_hugepages 64
/// ```
///
/// What a shell cannot do hides in comments that start with `#@`. `Documentation/Scripts.md` has the
/// whole language.
public struct Script: Sendable {
  /// A command and where it stands.
  public struct Line: Equatable, Sendable {
    /// The number of the line, from 1.
    public var number: Int
    /// What the line does.
    public var command: ScriptCommand
  }

  /// How the machine starts, as far as the script says.
  public private(set) var setup = ScriptSetup()
  /// What is done then, first to last.
  public private(set) var lines: [Line] = []

  /// Reads a script.
  ///
  /// - Throws: ``ScriptError`` for the first line that is not understood.
  public init(_ text: ArraySlice<UInt8>) throws(ScriptError) {
    var rest = TextLines(text)
    while let line = rest.next() {
      do throws(ScriptProblem) {
        try read(line, number: rest.number)
      } catch {
        throw ScriptError(line: rest.number, problem: error)
      }
    }
  }

  private mutating func read(
    _ line: ArraySlice<UInt8>, number: Int
  ) throws(ScriptProblem) {
    switch try ScriptParser.parse(line) {
    case .blank: return
    case .setup(let change):
      guard lines.isEmpty else { throw .tooLate }
      setup.apply(change)
    case .command(let command): lines.append(Line(number: number, command: command))
    }
  }
}

/// How a script's machine starts.
public struct ScriptSetup: Sendable {
  /// One directive about it.
  public enum Change: Sendable {
    case machine(MachineDescription)
    case kernel(KernelDesign)
    case only(KernelSet)
    case boot([UInt8])
  }

  /// The machine; nil if the script does not say.
  public var machine: MachineDescription?
  /// The kernel; nil if the script does not say.
  public var kernel: KernelDesign?
  /// The kernels that the script is for.
  public var kernels = KernelSet.all
  /// The boot parameters, in their order.
  public var commandLine: [UInt8] = []

  /// Nothing is said.
  public init() {}

  /// Notes what one directive says.
  public mutating func apply(_ change: Change) {
    switch change {
    case .machine(let machine): self.machine = machine
    case .kernel(let kernel): self.kernel = kernel
    case .only(let kernels): self.kernels = kernels
    case .boot(let parameters):
      if !commandLine.isEmpty { commandLine.append(ASCII.space) }
      commandLine += parameters
    }
  }

  /// The kernel on which the script runs unless somebody wants another: that which it names, or the
  /// newest that it is for.
  public var usualKernel: KernelDesign { kernel ?? kernels.kernels.last ?? .unified }

  /// What the subsystem is started with; the newest kernel and a small machine unless said.
  ///
  /// - Throws: ``NodeLayoutError``.
  public func bootConfiguration() throws(NodeLayoutError) -> BootConfiguration {
    let machine = machine ?? MachineDescription()
    return BootConfiguration(
      kernel: usualKernel, format: machine.format, memoryMap: machine.firmwareMap,
      layout: try machine.nodeLayout(), commandLine: commandLine)
  }
}
