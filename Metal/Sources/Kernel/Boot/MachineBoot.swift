// SPDX-License-Identifier: Apache-2.0

internal import KernelMemory

/// Why a script cannot run here: the real machine is not the one that it describes, or the core does
/// not boot on that.
enum MachineRefusal: Error {
  /// It has other page tables.
  case format
  /// It has fewer CPUs.
  case processors
  /// Memory that the script wants, now or later, is not there, or the kernel itself lies there.
  case memory(PhysicalAddress)
  /// The command line makes memory where there is none, or where the kernel itself lies.
  case edits
  /// The script's nodes cannot be.
  case nodes
  /// The core does not boot.
  case core(BootError)

  var message: StaticString {
    switch self {
    case .format: "the processor does not have the page tables that the script wants"
    case .processors: "the machine has fewer CPUs than the script wants"
    case .memory: "the machine has not all the memory that the script wants"
    case .edits: "memmap= on the command line names memory that the machine does not have"
    case .nodes: "the script's memory cannot be divided into such nodes"
    case .core(.noMemory): "the machine has no usable memory"
    case .core(.addressTooHigh): "memory lies beyond what the processor can address"
    case .core(.outOfMemory): "not even the first page tables fit into the machine's memory"
    case .core(.machineTooSmall): "the memory map goes beyond the machine"
    }
  }
}

/// What the core is started with.
///
/// A script that describes a machine gets that one: a part of the real one's memory and CPUs. The
/// kernel's own block lies behind it, so that nothing of it can be seen. Without a description the
/// core gets the real machine.
struct MachineBoot {
  let configuration: BootConfiguration
  /// The bytes from physical zero to the end of what may ever be memory.
  let span: UInt
  let cpuCount: Int

  /// Takes what `script` wants out of `real`.
  init(
    _ script: Script, commandLine: [UInt8], on real: RealMachine
  ) throws(MachineRefusal) {
    var setup = script.setup
    setup.commandLine = commandLine
    for range in Self.laterMemory(script) where !real.hasMemory(range) {
      throw .memory(range.lowerBound)
    }
    guard let machine = setup.machine else {
      configuration = BootConfiguration(
        kernel: setup.usualKernel, format: real.format, memoryMap: real.memoryMap,
        layout: real.layout, commandLine: setup.commandLine)
      span = real.span
      cpuCount = real.cpuCount
      try refuseMissingMemory(of: real)
      return
    }
    guard machine.format.regime == real.format.regime else { throw .format }
    guard machine.cpuCount <= real.cpuCount else { throw .processors }
    do throws(NodeLayoutError) {
      configuration = try setup.bootConfiguration()
    } catch {
      throw .nodes
    }
    for range in machine.firmwareMap.memory where !real.hasMemory(range) {
      throw .memory(range.lowerBound)
    }
    span = machine.spanByteCount
    cpuCount = machine.cpuCount
    try refuseMissingMemory(of: real)
  }

  /// Looks at what the command line makes of the memory: on a processor nothing answers where there
  /// is none, and the kernel is not to be overwritten.
  private func refuseMissingMemory(of real: RealMachine) throws(MachineRefusal) {
    let known = configuration.memoryMap.entries
    for entry in configuration.memoryMapWithEdits.entries where entry.isMemory {
      guard known.contains(entry) || real.hasMemory(entry.range) else { throw .edits }
    }
  }

  /// Boots the core.
  ///
  /// - Throws: ``MachineRefusal/core(_:)``.
  func start() throws(MachineRefusal) -> InterfaceTree {
    let machine = MetalMachine(
      span: span, regime: configuration.format.regime, cpuCount: cpuCount,
      directMapBase: VirtualAddress(KernelMemoryMap.directMap), hooks: .kernel)
    do throws(BootError) {
      return InterfaceTree(try MemorySubsystem(configuration, on: machine))
    } catch {
      throw .core(error)
    }
  }

  /// The memory that lines of the script add, or keep descriptors in.
  private static func laterMemory(_ script: Script) -> [Range<PhysicalAddress>] {
    script.lines.compactMap { line in
      switch line.command {
      case .addMemory(let request): return request.range
      case .mapDevice(let request):
        let start = PhysicalAddress(request.start)
        return start..<start.advanced(byBytes: request.altmapByteCount)
      default: return nil
      }
    }
  }
}

extension MemoryMap {
  /// What there is of memory, that of devices too.
  fileprivate var memory: [Range<PhysicalAddress>] {
    entries.compactMap { $0.isMemory ? $0.range : nil }
  }
}

extension MemoryMapEntry {
  /// Whether it is memory that can be used, by the kernel or by a device's driver.
  fileprivate var isMemory: Bool {
    switch kind {
    case .usable, .persistent, .legacyPersistent, .softReserved: true
    case .reserved, .acpi, .nvs, .unusable: false
    }
  }
}
