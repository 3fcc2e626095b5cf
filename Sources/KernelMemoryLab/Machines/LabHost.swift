// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// A booted memory subsystem on a simulated machine of its own.
public struct LabHost: Sendable {
  /// The hardware.
  public let machine: HostedMachine
  /// The kernel's memory management.
  public let subsystem: MemorySubsystem

  /// Builds a machine with `span` bytes of addresses and boots it.
  ///
  /// - Parameter arm: is called before the kernel starts, to make allocations of boot fail.
  /// - Throws: ``HostedMachineError`` or ``BootError``.
  public init(
    _ configuration: BootConfiguration, span: UInt, cpuCount: Int = 1,
    threading: HostedMachine.Threading = .one, arm: (HostedMachine) -> Void = { _ in }
  ) throws {
    machine = try HostedMachine(
      span: span, regime: configuration.format.regime, cpuCount: cpuCount, threading: threading)
    arm(machine)
    subsystem = try MemorySubsystem(configuration, on: machine)
  }

  /// Boots the machine that a script describes.
  ///
  /// - Throws: ``NodeLayoutError``, ``HostedMachineError`` or ``BootError``.
  public init(_ setup: ScriptSetup, arm: (HostedMachine) -> Void = { _ in }) throws {
    let machine = setup.machine ?? MachineDescription()
    try self.init(
      try setup.bootConfiguration(), span: machine.spanByteCount, cpuCount: machine.cpuCount,
      arm: arm)
  }

  /// Whatever is wrong with the subsystem, a line for each violation.
  ///
  /// - Precondition: nobody is at work.
  public var complaints: [String] { subsystem.checkInvariants().map(\.text) }
}

extension InvariantViolation {
  /// The violation as a line for people.
  public var text: String {
    var sink = TextSink()
    describe(to: &sink)
    return String(decoding: sink.bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  /// The law's name, such as `P-HVO 3`.
  public var law: String {
    var sink = TextSink()
    predicate.write(to: &sink)
    return String(decoding: sink.bytes, as: UTF8.self)
  }
}
