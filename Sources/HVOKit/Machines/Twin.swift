// SPDX-License-Identifier: Apache-2.0

public import KernelMemory

/// A booted machine inside this process, with the files of its `/proc` and `/sys`.
public struct Twin {
  /// The hardware.
  public let machine: HostedMachine
  /// The kernel's memory management.
  public let subsystem: MemorySubsystem
  /// Its files.
  public let tree: InterfaceTree

  /// Builds the machine and boots it.
  ///
  /// - Throws: ``InputError`` if the machine cannot exist or does not boot.
  public init(_ specification: TwinSpecification) throws(InputError) {
    do throws(HostedMachineError) {
      machine = try HostedMachine(
        span: specification.span, regime: specification.configuration.format.regime,
        cpuCount: specification.cpuCount)
    } catch {
      throw InputError(error.explanation)
    }
    do throws(BootError) {
      subsystem = try MemorySubsystem(specification.configuration, on: machine)
    } catch {
      throw InputError(error.explanation)
    }
    tree = InterfaceTree(subsystem)
  }
}

extension Twin {
  /// Writes `text` to a file, as `echo` does.
  func write(_ text: String, to path: String) throws(InterfaceError) {
    try tree.writeAll(Array("\(text)\n".utf8)[...], to: Array(path.utf8)[...])
  }

  /// Reads the one number that a file has.
  func number(at path: String) -> UInt? {
    guard let bytes = try? tree.read(Array(path.utf8)[...]) else { return nil }
    return UInt(String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace })
  }
}

extension HostedMachineError {
  /// The error with what to do about it.
  var explanation: String {
    switch self {
    case .outOfAddressSpace(let bytes):
      "this process cannot map \(ByteText.short(bytes)) of addresses for the twin; "
        + "lift its limit (ulimit -v), set vm.overcommit_memory to 0 or 1, or take less memory"
    case .unsupportedCPUCount(let count): "a twin has 1 to 4096 CPUs, not \(count)"
    case .unsupportedSpan(let bytes):
      "a twin's memory must end below 64 TiB, holes included; this one ends at "
        + ByteText.short(bytes)
    }
  }
}

extension BootError {
  /// The error with what to do about it.
  var explanation: String {
    switch self {
    case .noMemory: "the machine has no usable memory; give it more, or leave out mem="
    case .addressTooHigh(let address):
      "memory ends at \(ByteText.short(address.rawValue)), beyond what the architecture can "
        + "address; take less memory or choose another with --arch"
    case .outOfMemory: "not even the first page tables fit into the machine's memory; give it more"
    case .machineTooSmall(let bytes):
      "the memory map goes beyond the machine's \(ByteText.short(bytes))"
    }
  }
}
