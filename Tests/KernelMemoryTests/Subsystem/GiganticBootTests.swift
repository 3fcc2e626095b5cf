// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Gigantic pages that boot sets aside.
///
/// A gigabyte has 8 sections and 4,096 vmemmap pages, 16 MiB. Folded before it is populated, it
/// needs one.
@Suite struct `Booting with gigantic pages` {
  /// P-POP 3, P-POP 4, P-POP 5, P-POP 14.
  @Test func `folded before population, each saves 4,095 vmemmap pages from the start`() throws {
    let host = try TestHost(
      memory: 8 << 30, commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=4")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [4])
    #expect(host.foldedPageCount(ofOrder: 18) == 4)
    let totals = host.subsystem.totals
    #expect(totals.bootVmemmapPageCount == 512 * host.sectionCount - 4 * 4095)
    #expect(totals.runtimeVmemmapPageCount == 0)
    #expect(host.subsystem.vmemmapCensus().readOnlyEntryCount == 4 * 4095)
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12].indices)
  func `older kernels populate them and fold them when they are up`(index: Int) throws {
    let kernel = [KernelDesign.linux5_14, .linux6_1, .linux6_12][index]
    let host = try TestHost(
      memory: 8 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=4")
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [4])
    #expect(host.foldedPageCount(ofOrder: 18) == 4)
    let plain = try TestHost(memory: 8 << 30, kernel: kernel)
    let kept = kernel.vmemmap.headCopy == .none ? kernel.vmemmap.privatePageCount : 0
    #expect(
      host.subsystem.totals.managedPageCount - plain.subsystem.totals.managedPageCount
        == 4 * (4096 - kept))
  }

  /// 8 GiB that can all be gigantic pages, 63 MiB below them and 2 MiB above.
  private func tightHost(_ kernel: KernelDesign, folding: String) throws -> TestHost {
    let host = try TestHost(
      mebibytes: [(0, 1..<64), (0, 4096..<12_290)], kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=\(folding) hugepagesz=1G hugepages=8")
    #expect(host.complaints == [])
    return host
  }

  /// Bug P5: the descriptors of 8 GiB fill 128 MiB, but all the memory outside eight gigabytes that
  /// start on their own size is 65 MiB.
  ///
  /// Folded: 4 MiB for the two sections that are no huge page, eight head pages, one shared tail, 64
  /// entry tables. Not folded: there is room for the descriptors of some 30 sections, less than four
  /// gigabytes.
  @Test(arguments: [KernelDesign.linux7_2, .unified].indices)
  func `a machine whose memory only fits when it is folded has all its pages`(index: Int) throws {
    let host = try tightHost([KernelDesign.linux7_2, .unified][index], folding: "on")
    #expect(host.pageCounts(ofOrder: 18) == [8])
    #expect(host.foldedPageCount(ofOrder: 18) == 8)
    #expect(host.subsystem.totals.bootVmemmapPageCount == 2 * 512 + 8)
    #expect(host.bootLog(startingWith: "sparse_init_nid") == [])
    #expect(host.bootLog(startingWith: "HugeTLB: allocating") == [])
    #expect(host.subsystem.totals.freePageCount > 59 << 8)
  }

  @Test(arguments: [KernelDesign.linux7_2, .unified].indices)
  func `the same machine has fewer of them when it does not fold`(index: Int) throws {
    let host = try tightHost([KernelDesign.linux7_2, .unified][index], folding: "off")
    #expect(host.pageCounts(ofOrder: 18) == [3])
    #expect(host.bootLog(startingWith: "sparse_init_nid").count == 1)
    #expect(
      host.bootLog(startingWith: "HugeTLB: allocating") == [
        "HugeTLB: allocating 8 of page size 1.00 GiB failed.  Only allocated 3 hugepages."
      ])
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12].indices)
  func `where everything is populated first, the last page does not fit`(index: Int) throws {
    let kernel = [KernelDesign.linux5_14, .linux6_1, .linux6_12][index]
    let host = try tightHost(kernel, folding: "on")
    // The last gigabyte has the vmemmap.
    #expect(host.pageCounts(ofOrder: 18) == [7])
    #expect(host.foldedPageCount(ofOrder: 18) == 7)
  }

  /// Bug P8: the movable zone begins in the middle of a gigabyte.
  @Test(arguments: [KernelDesign.linux7_2, .unified].indices)
  func `a page in two zones is given back, and the others are kept`(index: Int) throws {
    let host = try TestHost(
      memory: 8 << 30, kernel: [KernelDesign.linux7_2, .unified][index],
      commandLine: "movablecore=1536M hugetlb_free_vmemmap=on hugepagesz=1G hugepages=3")
    #expect(host.complaints == [])
    let start = try #require(host.zone(.movable)).span.lowerBound.rawValue
    #expect(start == 7 << 18 + 1 << 17)
    #expect(host.pageCounts(ofOrder: 18) == [2])
    #expect(
      host.bootLog(startingWith: "HugeTLB: 1.00 GiB").first
        == "HugeTLB: 1.00 GiB page size: 1 invalid page discarded")
    #expect(host.freeGigabytes == [5, 6])
    // Its memory is free and described like any other.
    let middle = PageFrameNumber(start)
    #expect(
      host.subsystem.topology.sections[host.subsystem.topology.sections.number(of: middle)]
        .marks.isDisjoint(with: .preinitialized))
    #expect(host.subsystem.totals.bootVmemmapPageCount == 512 * host.sectionCount - 2 * 4095)
  }

  /// P-POOL 25.
  @Test(arguments: [KernelDesign.linux6_12, .linux7_2].indices)
  func `they come under management when they are gathered, and can be given back`(index: Int)
    throws
  {
    let kernel = [KernelDesign.linux6_12, .linux7_2][index]
    let host = try TestHost(
      memory: 6 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=off hugepagesz=1G hugepages=1")
    let plain = try TestHost(memory: 6 << 30, kernel: kernel)
    #expect(host.complaints == [])
    #expect(
      host.subsystem.totals.managedPageCount == plain.subsystem.totals.managedPageCount)
    let free = host.subsystem.totals.freePageCount
    host.pool(18).resize(to: 0)
    #expect(host.complaints == [])
    #expect(host.subsystem.totals.freePageCount == free + 1 << 18)
    host.pool(18).resize(to: 1)
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [1])
  }

  /// P-POOL 27.
  @Test func `a node gets its pages from its own memory only`() throws {
    let host = try TestHost(
      memory: 8 << 30, nodes: 2,
      commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=0:1,1:9")
    #expect(host.complaints == [])
    let counts = host.pageCounts(ofOrder: 18)
    #expect(counts[0] == 1)
    #expect(counts[1] > 1 && counts[1] < 5)
    #expect(
      host.bootLog(startingWith: "HugeTLB: allocating 9 of page size 1.00 GiB failed node1.").count
        == 1)
  }
}
