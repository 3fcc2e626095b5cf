// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The boot allocator gives the highest memory first, so where things lie tells when they were made.
@Suite struct `The order of boot` {
  private func boot(_ kernel: KernelDesign, _ commandLine: String) throws -> TestHost {
    let host = try TestHost(memory: 16 << 30, kernel: kernel, commandLine: commandLine)
    #expect(host.complaints == [])
    return host
  }

  private func gigabytes(of host: TestHost) -> [UInt] {
    var heads: [UInt] = []
    host.subsystem.vmemmap.forEach(in: host.pool(18).parts[0].freeList) { head in
      heads.append(head.rawValue >> 18)
      return true
    }
    return heads.sorted()
  }

  /// The gigabyte with the highest frame of the vmemmap.
  private func highestVmemmapGigabyte(of host: TestHost) -> UInt? {
    let subsystem = host.subsystem
    var highest: UInt = 0
    for memory in subsystem.topology.nodes[0].memory {
      for pfn in stride(from: memory.lowerBound, to: memory.upperBound, by: 1 << 15) {
        let address = subsystem.vmemmap.address(of: pfn)
        highest = max(highest, subsystem.tables.frame(mappedAt: address)?.rawValue ?? 0)
      }
    }
    return highest >> 18
  }

  @Test(arguments: [KernelDesign.linux7_2, .unified].indices)
  func `where folding comes first, gigantic pages lie above the vmemmap`(index: Int) throws {
    let kernel = [KernelDesign.linux7_2, .unified][index]
    for folding in ["on", "off"] {
      let host = try boot(
        kernel, "hugetlb_free_vmemmap=\(folding) hugepagesz=1G hugepages=3")
      #expect(gigabytes(of: host) == [14, 15, 16])
      #expect(highestVmemmapGigabyte(of: host) == 13)
    }
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12].indices)
  func `where folding comes later, they lie below it`(index: Int) throws {
    let kernel = [KernelDesign.linux5_14, .linux6_1, .linux6_12][index]
    let host = try boot(kernel, "hugetlb_free_vmemmap=off hugepagesz=1G hugepages=3")
    #expect(gigabytes(of: host) == [13, 14, 15])
    #expect(highestVmemmapGigabyte(of: host) == 16)
  }

  @Test(arguments: KernelDesign.all.indices)
  func `memory kept for gigantic pages is taken before either`(design: Int) throws {
    let host = try boot(KernelDesign.all[design], "hugetlb_cma=2G")
    let area = try #require(host.subsystem.hugeTLB.contiguousAreas.first)
    #expect(area.frames.lowerBound.rawValue >> 18 == 15)
    #expect(highestVmemmapGigabyte(of: host) == 14)
  }

  @Test func `of two sizes the one named first has the higher memory`() throws {
    let host = try TestHost(
      memory: 4 << 30, format: .arm64With4KPages,
      commandLine: "hugepagesz=1G hugepages=1 hugepagesz=32M hugepages=2")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [1])
    #expect(host.pageCounts(ofOrder: 13) == [2])
    let heads = [18, 13].compactMap { order in
      host.subsystem.vmemmap.first(of: host.pool(order).parts[0].freeList)
    }
    try #require(heads.count == 2)
    #expect(heads[0] > heads[1])
  }

  @Test func `small pages are allocated when all memory has been handed over`() throws {
    let host = try boot(
      .linux7_2, "hugetlb_free_vmemmap=off hugepages=8 hugepagesz=1G hugepages=15")
    #expect(host.pageCounts(ofOrder: 9) == [8])
    #expect(host.pageCounts(ofOrder: 18) == [15])
    let head = try #require(
      host.subsystem.vmemmap.first(of: host.pool(9).parts[0].freeList))
    #expect(head.rawValue >> 18 == 0)
    // What was free at the hand-over were whole blocks of the page allocator.
    #expect(
      !host.subsystem.bootReservations.contains { $0.contains(head) })
  }

  @Test func `what boot says comes in the order in which it happens`() throws {
    let host = try TestHost(
      memory: 8 << 30, nodes: 2,
      commandLine: "hugetlb_free_vmemmap=on movablecore=1536M hugepagesz=1G hugepages=0:1,1:9")
    #expect(host.complaints == [])
    let starts = [
      "HugeTLB: allocating 9", "HugeTLB: registered 1.00 GiB", "HugeTLB: 16380 KiB",
    ]
    let places = starts.map { start in host.bootLog.firstIndex { $0.hasPrefix(start) } }
    #expect(places.allSatisfy { $0 != nil })
    let found = places.compactMap { $0 }
    #expect(found == found.sorted())
    if let discarded = host.bootLog.firstIndex(where: { $0.contains("discarded") }),
      let first = found.first
    {
      #expect(discarded < first)
    }
  }

  @Test func `a request that makes no sense is reported before anything is done`() throws {
    let host = try boot(.linux7_2, "hugepagesz=3M hugetlb_cma=1536M hugepages=4")
    let bad = try #require(host.bootLog.firstIndex { $0.contains("unsupported hugepagesz=3M") })
    let area = try #require(host.bootLog.firstIndex { $0.hasPrefix("hugetlb_cma:") })
    #expect(bad < area)
  }

  @Test func `the whole of memory is reserved by boot, managed, or both after a release`() throws {
    let host = try boot(.linux7_2, "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=3")
    let subsystem = host.subsystem
    let reserved = subsystem.bootReservations.reduce(UInt(0)) { count, range in
      count
        + subsystem.topology.nodes[0].memory.reduce(0) { $0 + $1.clamped(to: range).pageCount }
    }
    // Gigantic pages are reserved first and managed once they are in their pool.
    #expect(
      subsystem.totals.managedPageCount + reserved == host.presentPageCount + 3 << 18)
  }
}
