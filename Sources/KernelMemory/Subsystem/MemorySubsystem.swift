// SPDX-License-Identifier: Apache-2.0

/// One kernel's memory management, from the firmware's memory map to the pools of huge pages.
///
/// It is put together once, by booting, and owns everything below it. Several can live in one
/// process; nothing is shared between them.
public final class MemorySubsystem: Sendable {
  /// The hardware.
  public let machine: Machine
  /// The architecture's page tables.
  public let format: PagingFormat
  /// The kernel that is imitated.
  public let kernel: KernelDesign
  /// The command line it was started with.
  public let commandLine: [UInt8]
  /// What boot said, line by line, without newlines.
  public let bootLog: [[UInt8]]
  /// The memory as firmware reported it, after the command line's edits.
  public let memoryMap: MemoryMap
  /// Which addresses belong to which node.
  public let layout: NodeLayout
  let topology: MemoryTopology
  let tables: KernelPageTables
  let allocator: PageAllocator
  let accounting: VmemmapAccounting
  let optimizer: VmemmapOptimizer
  let hugeTLB: HugeTLB
  let devices: DeviceMemory
  let dax: DAXBus
  let vmalloc: VmallocArena
  let hotplug: MemoryHotplug
  /// Memory that boot reserved; what was released since is noted elsewhere.
  let bootReservations: [FrameRange]

  var vmemmap: Vmemmap { allocator.vmemmap }

  /// Boots on `machine`, which must be fresh: all its memory reads as zero.
  ///
  /// - Throws: ``BootError``; the machine is of no further use.
  public init(_ configuration: BootConfiguration, on machine: Machine) throws(BootError) {
    let configuration = configuration.withRealCommandLine
    var boot = try BootSequence(configuration, machine: machine)
    try boot.run()
    self.machine = machine
    format = configuration.format
    kernel = configuration.kernel
    layout = configuration.layout
    commandLine = configuration.commandLine
    bootLog = boot.log
    memoryMap = boot.memoryMap
    topology = boot.topology
    tables = boot.tables
    allocator = boot.allocator
    accounting = boot.accounting
    optimizer = boot.optimizer
    hugeTLB = boot.hugeTLB
    vmalloc = VmallocArena(
      policy: configuration.kernel.vmalloc, tables: boot.tables, allocator: boot.allocator,
      accounting: boot.accounting, localNode: boot.topology.nodes[boot.hugeTLB.localNode].id,
      parameters: boot.parameters)
    hotplug = boot.hotplug
    devices = DeviceMemory(policy: kernel.devices, hotplug: hotplug)
    dax = DAXBus(devices)
    bootReservations = boot.reservations
    addDeviceMemory()
  }
}
