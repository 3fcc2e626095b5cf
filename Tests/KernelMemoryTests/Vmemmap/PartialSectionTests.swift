// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Memory that is not as large as a section, or has sections smaller than what a vmemmap page
/// describes.
@Suite struct `Descriptors of parts` {
  private func population(_ host: TestHost) -> SectionPopulation {
    SectionPopulation(optimizer: host.subsystem.optimizer)
  }

  private func memory(_ host: TestHost, _ mebibytes: Range<UInt>) -> DescribedMemory {
    let shift = 20 - host.subsystem.format.pageSize.shift
    return DescribedMemory(
      frames: PageFrameNumber(
        mebibytes.lowerBound << shift)..<PageFrameNumber(mebibytes.upperBound << shift),
      node: NodeID(0))
  }

  /// P-POP 8.
  @Test func `an altmap that is too small for single pages fails, and nothing is left`() throws {
    let host = try TestHost(memory: 1 << 30, format: .arm64With64KPages, room: 4 << 30)
    let memory = memory(host, 2048..<2560)
    var altmap: Altmap? = Altmap(of: memory.frames, freeCount: 5)
    let before = altmap
    #expect(throws: PopulationError.outOfFrames) {
      try population(host).add(memory, &altmap)
    }
    #expect(altmap == before)
    let addresses = host.subsystem.vmemmap.addresses(describing: memory.frames)
    // The table stays, without an entry.
    #expect(host.subsystem.tables.census(of: addresses).entryCount == 0)
  }

  @Test func `less than a section takes nothing from an altmap`() throws {
    let host = try TestHost(memory: 1 << 30, room: 4 << 30)
    let memory = memory(host, 2052..<2058)
    var altmap: Altmap? = Altmap(of: memory.frames, freeCount: 512)
    try population(host).add(memory, &altmap)
    #expect(altmap?.usedCount == 0)
    #expect(host.subsystem.accounting.runtimePages.load(ordering: .relaxed) == 24)
  }

  @Test func `parts of a section come one by one, and go one by one`() throws {
    let host = try TestHost(memory: 1 << 30, room: 4 << 30)
    let parts = [2048..<2058, 2060..<2062, 2058..<2060].map { memory(host, $0) }
    var none: Altmap?
    var counts: [Int] = []
    for part in parts {
      try population(host).add(part, &none)
      counts.append(host.subsystem.accounting.runtimePages.load(ordering: .relaxed))
    }
    #expect(counts == [40, 48, 56])
    counts = parts.map { part in
      population(host).remove(part, &none)
      return host.subsystem.accounting.runtimePages.load(ordering: .relaxed)
    }
    #expect(counts == [16, 8, 0])
    #expect(host.complaints == [])
  }

  /// On powerpc64 a vmemmap page of 64 KiB describes four sections of 16 MiB.
  @Test func `a vmemmap page that describes boot memory, too, stays`() throws {
    let map = MemoryMap([
      MemoryMapEntry(PhysicalAddress(1 << 20)..<PhysicalAddress(976 << 20), .usable)
    ])
    let host = try TestHost(
      map: map, layout: .single, kernel: .unified, format: .powerRadixWith64KPages, room: 1 << 30)
    let memory = memory(host, 976..<1024)
    let vmemmap = host.subsystem.vmemmap
    let page = vmemmap.address(of: memory.frames.lowerBound)
    let frame = try #require(host.subsystem.tables.frame(mappedAt: page))
    var none: Altmap?
    try population(host).add(memory, &none)
    population(host).remove(memory, &none)
    #expect(host.subsystem.tables.frame(mappedAt: page) == frame)
    #expect(host.complaints == [])
  }
}
