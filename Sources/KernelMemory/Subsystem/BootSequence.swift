// SPDX-License-Identifier: Apache-2.0

/// Brings a memory subsystem up, one phase after the other.
///
/// ```
/// firmware map ─▶ memblock ─▶ nodes, zones, sections ─▶ gigantic pages set aside
///   ─▶ vmemmap mapped ─▶ hand-over to the page allocator ─▶ pools filled
/// ```
///
/// Each phase is a file; this one says in which order they come.
///
/// - Linux: `start_kernel()` as far as memory goes (spec 01 section 9).
struct BootSequence {
  let configuration: BootConfiguration
  let machine: Machine
  let parameters: BootParameters
  let requests: HugePageRequests
  let memoryMap: MemoryMap
  let topology: MemoryTopology
  let frames: BootFrames
  let tables: KernelPageTables
  let accounting = VmemmapAccounting()
  let allocator: PageAllocator
  let optimizer: VmemmapOptimizer
  let hugeTLB: HugeTLB
  let hotplug: MemoryHotplug
  var gigantic = GiganticBootPages()
  var areas: [ContiguousAreaPlan] = []
  var log: [[UInt8]] = []
  var reservations: [FrameRange] = []

  var format: PagingFormat { configuration.format }
  var vmemmap: Vmemmap { allocator.vmemmap }

  /// Does what needs no memory but a first page table.
  init(_ configuration: BootConfiguration, machine: Machine) throws(BootError) {
    let early = try EarlyMemory(configuration)
    guard early.memblock.memoryEnd.rawValue <= machine.span else {
      throw .machineTooSmall(bytes: machine.span)
    }
    let format = configuration.format
    self.configuration = configuration
    self.machine = machine
    parameters = early.parameters
    requests = early.requests
    memoryMap = early.memoryMap
    topology = early.makeTopology(configuration, span: machine.span)
    frames = BootFrames(memblock: early.memblock, machine: machine)
    do throws(OutOfTables) {
      tables = try KernelPageTables(machine: machine, format: format, source: frames)
    } catch {
      throw .outOfMemory
    }
    let vmemmap = Vmemmap(
      machine: machine, format: configuration.kernel.vmemmap.descriptors,
      base: format.vmemmapBase, pageSize: format.pageSize)
    allocator = PageAllocator(
      machine: machine, vmemmap: vmemmap, topology: topology, maximumOrder: format.maximumOrder,
      reservePolicy: configuration.kernel.reserves)
    optimizer = VmemmapOptimizer(
      design: configuration.kernel.vmemmap, tables: tables, allocator: allocator,
      accounting: accounting, isEnabled: early.parameters.optimizesVmemmap ?? false)
    hugeTLB = HugeTLB(
      policy: configuration.kernel.pools, allocator: allocator, optimizer: optimizer)
    hotplug = MemoryHotplug(
      policy: configuration.kernel.hotplug,
      settings: HotplugSettings(
        early.parameters, configuration.kernel.bootParameters, configuration.kernel.hotplug),
      hugeTLB: hugeTLB,
      firmwareMap: early.memoryMap, blockSize: configuration.blockSize)
    log = early.requests.log
  }

  /// Does the rest.
  mutating func run() throws(BootError) {
    addPools()
    reserveContiguousAreas()
    let foldsEarly = configuration.kernel.vmemmap.bootFolding == .beforePopulation
    if foldsEarly {
      setGiganticPagesAside()
      foldGiganticPages()
    }
    populateSections()
    if !foldsEarly { setGiganticPagesAside() }
    handOver()
    fillPools()
    reportPools()
  }
}
