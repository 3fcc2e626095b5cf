// SPDX-License-Identifier: Apache-2.0

import KernelMemory

extension TwinBuilder {
  /// The specification of the machine that `setup` asks for, where the options do not say otherwise.
  ///
  /// - Parameter design: the kernel to imitate instead; nil for the script's or options' own.
  /// - Throws: ``InputError``.
  func specification(
    for setup: ScriptSetup, kernel design: KernelDesign? = nil
  ) throws(InputError) -> TwinSpecification {
    var specification = try baseSpecification(for: setup)
    if let design { specification.configuration.kernel = design }
    return specification.adding(String(decoding: setup.commandLine, as: UTF8.self))
  }

  private func baseSpecification(for setup: ScriptSetup) throws(InputError) -> TwinSpecification {
    var specification: TwinSpecification
    if options.memory != nil || options.sysroot != nil {
      specification = try build().specification
    } else {
      specification = try described(setup.machine ?? MachineDescription())
    }
    // A host has a kernel already.
    let kernel = options.sysroot == nil ? setup.usualKernel : setup.kernel
    if options.kernel == nil, let kernel { specification.configuration.kernel = kernel }
    return specification
  }

  private func described(
    _ machine: MachineDescription
  ) throws(InputError) -> TwinSpecification {
    var machine = machine
    if let name = options.architecture {
      machine.format = try ArchitectureChoice.format(named: name)
    }
    // What options say about the kernel and the CPUs is read the same way for any machine.
    let plain = try specification(
      of: try PlainMachine(total: 1 << 30, nodeCount: 1, option: "the usual memory"))
    do throws(NodeLayoutError) {
      return TwinSpecification(
        configuration: BootConfiguration(
          kernel: plain.configuration.kernel, format: machine.format,
          memoryMap: machine.firmwareMap, layout: try machine.nodeLayout()),
        cpuCount: options.cpus == nil ? machine.cpuCount : plain.cpuCount, notes: plain.notes)
    } catch {
      throw InputError("#@ machine: the memory cannot be divided into such nodes (\(error))")
    }
  }
}
