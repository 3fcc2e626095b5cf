// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// The boot allocator gives the highest memory first, so where things lie tells when they were made.
@Suite struct `The order of boot` {
  /// Twelve gigabytes in one piece, and 16 MiB above them.
  private func boot(_ kernel: KernelDesign, _ commandLine: String) throws -> TestHost {
    let host = try TestHost(
      mebibytes: [(0, 1..<1024), (0, 4096..<16 * 1024 + 16)], kernel: kernel,
      commandLine: commandLine)
    #expect(host.complaints == [])
    return host
  }

  /// The gigabytes below the last 16 MiB that have frames of the vmemmap.
  private func vmemmapGigabytes(of host: TestHost) -> [UInt] {
    let subsystem = host.subsystem
    var found: Set<UInt> = []
    for memory in subsystem.topology.nodes[0].memory {
      for pfn in stride(from: memory.lowerBound, to: memory.upperBound, by: 1 << 13) {
        let frame = subsystem.tables.frame(mappedAt: subsystem.vmemmap.address(of: pfn))
        if let frame { found.insert(frame.rawValue >> 18) }
      }
    }
    found.remove(16)
    return found.sorted()
  }

  @Test(arguments: [KernelDesign.linux7_2, .unified].indices)
  func `where folding comes first, gigantic pages lie above the vmemmap`(index: Int) throws {
    let kernel = [KernelDesign.linux7_2, .unified][index]
    let host = try boot(kernel, "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=3")
    #expect(host.freeGigabytes == [13, 14, 15])
    #expect(vmemmapGigabytes(of: host) == [12])
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12].indices)
  func `where folding comes later, they lie below it`(index: Int) throws {
    let kernel = [KernelDesign.linux5_14, .linux6_1, .linux6_12][index]
    let host = try boot(kernel, "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=3")
    #expect(host.freeGigabytes == [12, 13, 14])
    // The gigabytes in the pool have their head pages from the page allocator by now.
    #expect(vmemmapGigabytes(of: host).last == 15)
  }

  @Test(arguments: [KernelDesign.linux6_12, .linux7_2].indices)
  func `memory kept for gigantic pages is taken before either`(index: Int) throws {
    let host = try boot([KernelDesign.linux6_12, .linux7_2][index], "hugetlb_cma=2G")
    let area = try #require(host.subsystem.hugeTLB.contiguousAreas.first)
    #expect(area.frames.lowerBound.rawValue >> 18 == 14)
    #expect(vmemmapGigabytes(of: host) == [13])
  }

  @Test func `small pages are allocated when all memory has been handed over`() throws {
    let host = try boot(
      .linux7_2, "hugetlb_free_vmemmap=on hugepages=8 hugepagesz=1G hugepages=12")
    #expect(host.pageCounts(ofOrder: 9) == [8])
    #expect(host.freeGigabytes == Array(4..<16))
    let head = try #require(host.subsystem.vmemmap.first(of: host.pool(9).parts[0].freeList))
    #expect(!host.subsystem.bootReservations.contains { $0.contains(head) })
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
