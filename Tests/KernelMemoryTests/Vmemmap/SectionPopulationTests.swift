// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import Testing

@_spi(Lab) @testable import KernelMemory
import KernelMemoryLab

/// Memory that comes after boot gets descriptors, and loses them again.
@Suite struct `Descriptors of memory that is added` {
  /// A machine of 1 GiB with addresses for 4 GiB more.
  private struct Machine {
    let host: TestHost
    let population: SectionPopulation

    init(_ kernel: KernelDesign = .unified, format: PagingFormat = .x86FourLevel) throws {
      host = try TestHost(memory: 1 << 30, kernel: kernel, format: format, room: 4 << 30)
      population = SectionPopulation(optimizer: host.subsystem.optimizer)
    }

    var deviceZone: Zone? { host.subsystem.topology.zones.first { $0.kind == .device } }
    var pageShift: UInt { host.subsystem.format.pageSize.shift }

    /// Memory at `start` bytes, in compound pages of `folioBytes`.
    func memory(at start: UInt, _ bytes: UInt, folioBytes: UInt = 0) -> DescribedMemory {
      let frames = FrameRange(
        start: PageFrameNumber(start >> pageShift), pageCount: bytes >> pageShift)
      guard folioBytes > 0 else { return DescribedMemory(frames: frames, node: NodeID(0)) }
      return DescribedMemory(
        frames: frames, node: NodeID(0), folioOrder: PageOrder(holding: folioBytes >> pageShift),
        zone: deviceZone)
    }

    func census(of memory: DescribedMemory) -> MappingCensus {
      host.subsystem.tables.census(
        of: host.subsystem.vmemmap.addresses(describing: memory.frames))
    }

    var counted: Int { host.subsystem.accounting.runtimePages.load(ordering: .relaxed) }
    var free: UInt { host.subsystem.allocator.freePageCount }
  }

  private let gigabyte: UInt = 1 << 30

  // MARK: Ordinary memory

  @Test func `whole sections are mapped by huge leaves`() throws {
    let machine = try Machine()
    let memory = machine.memory(at: 2 * gigabyte, 256 << 20)
    var none: Altmap?
    try machine.population.add(memory, &none)
    #expect(machine.census(of: memory).hugeLeafCount == 2)
    #expect(machine.counted == 1024)
    machine.population.remove(memory, &none)
    #expect(machine.census(of: memory) == MappingCensus())
    #expect(machine.counted == 0)
  }

  @Test func `less than a section is mapped by pages, and all of it can be written`() throws {
    let machine = try Machine()
    let memory = machine.memory(at: 2 * gigabyte + (4 << 20), 6 << 20)
    var none: Altmap?
    try machine.population.add(memory, &none)
    #expect(machine.census(of: memory).entryCount == 24)
    #expect(machine.counted == 24)
    for pfn in [memory.frames.lowerBound, memory.frames.upperBound.advanced(by: -1)] {
      machine.host.subsystem.vmemmap.initialize(pfn, place: 0, references: 0)
    }
  }

  /// P-POP 10.
  @Test func `an altmap holds the descriptors of its own memory`() throws {
    let machine = try Machine()
    let memory = machine.memory(at: 2 * gigabyte, 128 << 20)
    var altmap: Altmap? = Altmap(of: memory.frames, freeCount: 512)
    let free = machine.free
    try machine.population.add(memory, &altmap)
    let tables = machine.host.subsystem.tables
    let first = machine.host.subsystem.vmemmap.address(of: memory.frames.lowerBound)
    #expect(tables.frame(mappedAt: first) == memory.frames.lowerBound)
    #expect(altmap?.usedCount == 512)
    #expect(machine.census(of: memory).hugeLeafCount == 1)
    #expect(machine.counted == 512)
    #expect(free - machine.free <= 2, "at most tables come from elsewhere")
    machine.population.remove(memory, &altmap)
    #expect(altmap?.usedCount == 0)
  }

  @Test func `an altmap that is too small fails, and nothing is left`() throws {
    let machine = try Machine()
    let memory = machine.memory(at: 2 * gigabyte, 256 << 20)
    var altmap: Altmap? = Altmap(of: memory.frames, freeCount: 700)
    let before = altmap
    #expect(throws: PopulationError.outOfFrames) { try machine.population.add(memory, &altmap) }
    #expect(altmap == before)
    #expect(machine.census(of: memory) == MappingCensus())
    #expect(machine.counted == 0)
  }

  @Test func `what has descriptors gets none twice, not even in part`() throws {
    let machine = try Machine()
    var none: Altmap?
    try machine.population.add(machine.memory(at: 2 * gigabyte, 8 << 20), &none)
    let counted = machine.counted
    let overlapping = machine.memory(at: 2 * gigabyte - (128 << 20), 130 << 20)
    #expect(throws: PopulationError.exists) { try machine.population.add(overlapping, &none) }
    #expect(machine.counted == counted)
    #expect(throws: PopulationError.exists) {
      try machine.population.add(machine.memory(at: 256 << 20, 128 << 20), &none)
    }
  }

  @Test(arguments: [(UInt(1 << 20), UInt(2 << 20)), (2 << 20, 1 << 20), (2 << 20, 0)])
  func `only whole subsections are added`(offset: UInt, bytes: UInt) throws {
    let machine = try Machine()
    var none: Altmap?
    #expect(throws: PopulationError.invalid) {
      try machine.population.add(machine.memory(at: 2 * gigabyte + offset, bytes), &none)
    }
  }

  /// P-POP 16.
  @Test func `the hole behind boot memory has descriptors already`() throws {
    let kernel = KernelDesign.unified
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(960 << 20), .usable)
    ])
    let host = try TestHost(map: map, layout: .single, kernel: kernel, room: 1 << 30)
    let population = SectionPopulation(optimizer: host.subsystem.optimizer)
    let hole = DescribedMemory(
      frames: PageFrameNumber(960 << 8)..<PageFrameNumber(1024 << 8), node: NodeID(0))
    let free = host.subsystem.allocator.freePageCount
    var none: Altmap?
    try population.add(hole, &none)
    #expect(host.subsystem.allocator.freePageCount == free)
    #expect(host.subsystem.accounting.runtimePages.load(ordering: .relaxed) == 0)
    population.remove(hole, &none)
    #expect(
      host.subsystem.tables.frame(
        mappedAt: host.subsystem.vmemmap.address(of: hole.frames.lowerBound)) != nil)
  }

  // MARK: Compound pages of devices

  /// Kernel, bytes of a compound page, vmemmap pages.
  private static let deviceCounts: [(KernelDesign, UInt, Int)] = [
    (.unified, 2 << 20, 1024), (.unified, 1 << 30, 2), (.unified, 0, 8192),
    (.linux7_2, 2 << 20, 2048), (.linux7_2, 1 << 30, 4), (.linux7_2, 0, 8192),
    (.linux6_12, 2 << 20, 8192), (.linux6_12, 1 << 30, 8192),
  ]

  @Test(arguments: deviceCounts)
  func `a device of 2 GiB counts this many vmemmap pages`(
    kernel: KernelDesign, folioBytes: UInt, pages: Int
  ) throws {
    let machine = try Machine(kernel)
    let memory = machine.memory(at: 2 * gigabyte, 2 * gigabyte, folioBytes: folioBytes)
    var none: Altmap?
    try machine.population.add(memory, &none)
    #expect(machine.counted == pages)
    machine.population.remove(memory, &none)
    #expect(machine.counted == 0)
  }

  @Test func `unified, all tails map one read-only frame`() throws {
    let machine = try Machine(.unified)
    let memory = machine.memory(at: 2 * gigabyte, gigabyte, folioBytes: 2 << 20)
    var none: Altmap?
    try machine.population.add(memory, &none)
    let census = machine.census(of: memory)
    #expect(census.readOnlyEntryCount == 512 * 7)
    #expect(census.sharedFrames == [.init(mappingCount: 512 * 7, frameCount: 1)])
    let tails = try #require(machine.host.subsystem.sharedTailFrames.first)
    #expect(machine.host.subsystem.vmemmap.references(to: tails) == 512 * 7 + 1)
    machine.population.remove(memory, &none)
    #expect(machine.host.subsystem.vmemmap.references(to: tails) == 1)
  }

  /// P-DEV 15.
  @Test func `in 7.2, tails of a page of 1 GiB map its second page over eight sections`() throws {
    let machine = try Machine(.linux7_2)
    let memory = machine.memory(at: 2 * gigabyte, gigabyte, folioBytes: 1 << 30)
    var none: Altmap?
    try machine.population.add(memory, &none)
    let census = machine.census(of: memory)
    #expect(census.readOnlyEntryCount == 0)
    #expect(census.sharedFrames == [.init(mappingCount: 4095, frameCount: 1)])
    #expect(census.entryTableCount == 8)
  }

  @Test func `an altmap leaves nothing to share`() throws {
    let machine = try Machine(.linux7_2)
    let memory = machine.memory(at: 2 * gigabyte, 128 << 20, folioBytes: 2 << 20)
    var altmap: Altmap? = Altmap(of: memory.frames, freeCount: 512)
    try machine.population.add(memory, &altmap)
    #expect(machine.census(of: memory).sharedFrames == [])
    #expect(machine.census(of: memory).hugeLeafCount == 1)
  }

  @Test func `unified, less than a section is not folded, and no more comes to a folded one`()
    throws
  {
    let machine = try Machine(.unified)
    var none: Altmap?
    let part = machine.memory(at: 2 * gigabyte, 64 << 20, folioBytes: 2 << 20)
    try machine.population.add(part, &none)
    #expect(machine.census(of: part).sharedFrames == [])
    #expect(machine.counted == 256)
  }

  // MARK: There and back, in every design

  /// P-POP 7, I 7.
  @Test(
    arguments: KernelDesign.all,
    [
      PagingFormat.x86FourLevel, .x86FiveLevel, .arm64With4KPages, .arm64With64KPages, .riscvSv48,
      .powerRadixWith64KPages,
    ])
  func `adding and removing leaves everything as it was`(
    kernel: KernelDesign, format: PagingFormat
  ) throws {
    let machine = try Machine(kernel, format: format)
    for folioBytes: UInt in [0, 2 << 20, 1 << 30] {
      let memory = machine.memory(at: 2 * gigabyte, gigabyte, folioBytes: folioBytes)
      var none: Altmap?
      // The first time leaves the shared tail and upper tables.
      try machine.population.add(memory, &none)
      machine.population.remove(memory, &none)
      let before = SubsystemDigest(of: machine.host.subsystem)
      try machine.population.add(memory, &none)
      machine.population.remove(memory, &none)
      #expect(SubsystemDigest(of: machine.host.subsystem).differences(from: before) == [])
    }
  }

  @Test(arguments: KernelDesign.all, [UInt(0), 2 << 20, 1 << 30])
  func `each allocation that fails leaves everything as it was`(
    kernel: KernelDesign, folioBytes: UInt
  ) throws {
    let machine = try Machine(kernel)
    let memory = machine.memory(at: 2 * gigabyte, gigabyte, folioBytes: folioBytes)
    var none: Altmap?
    try machine.population.add(memory, &none)
    machine.population.remove(memory, &none)
    let before = SubsystemDigest(of: machine.host.subsystem)
    var failures = 0
    while true {
      machine.host.machine.failures.failAllocation(after: UInt(failures * (1 + failures / 8)))
      let isDone = (try? machine.population.add(memory, &none)) != nil
      machine.host.machine.failures.stopFailing()
      if isDone { break }
      #expect(SubsystemDigest(of: machine.host.subsystem).differences(from: before) == [])
      failures += 1
    }
    let isPlain = folioBytes == 0 || kernel.vmemmap.devices == nil
    #expect(failures > 0 || isPlain, "where no block can be had, pages do")
  }
}
