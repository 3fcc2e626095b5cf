// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// Gigantic pages that boot sets aside.
///
/// A gigabyte has 8 sections and 4,096 vmemmap pages, 16 MiB. Folded before it is populated, it
/// needs one.
@Suite struct `Booting with gigantic pages` {
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
    let plain = try TestHost(
      memory: 8 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=off hugepagesz=1G hugepages=4")
    #expect(plain.complaints == [])
    let kept = kernel.vmemmap.headCopy == .none ? kernel.vmemmap.privatePageCount : 0
    #expect(
      host.subsystem.totals.managedPageCount - plain.subsystem.totals.managedPageCount
        == 4 * (4096 - kept))
  }

  /// Bug P5: 96 GiB are described by 1.5 GiB, but all the memory outside the 95 gigabytes that start
  /// on their own size is the first one.
  ///
  /// Folded: 16 MiB for the first gigabyte and 95 head pages. Not folded: what fits into the first
  /// gigabyte describes less than 64 GiB.
  @Test func `a machine whose memory only fits when it is folded has all its pages`() throws {
    let folded = try TestHost(
      memory: 96 << 30, commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=95")
    #expect(folded.complaints == [])
    #expect(folded.pageCounts(ofOrder: 18) == [95])
    #expect(folded.foldedPageCount(ofOrder: 18) == 95)
    #expect(folded.subsystem.totals.bootVmemmapPageCount == 8 * 512 + 95)
    #expect(folded.bootLog(startingWith: "sparse_init_nid") == [])
    // Nearly all of the first gigabyte is free.
    #expect(folded.subsystem.totals.freePageCount > 1 << 18 - 8192)
  }

  @Test func `the same machine has fewer of them when it does not fold`() throws {
    let whole = try TestHost(
      memory: 96 << 30, commandLine: "hugetlb_free_vmemmap=off hugepagesz=1G hugepages=95")
    #expect(whole.complaints == [])
    let count = whole.pageCounts(ofOrder: 18)[0]
    #expect(count > 0 && count < 64)
    #expect(whole.bootLog(startingWith: "sparse_init_nid").count == 1)
    #expect(
      whole.bootLog(startingWith: "HugeTLB: allocating") == [
        "HugeTLB: allocating 95 of page size 1.00 GiB failed."
          + "  Only allocated \(count) hugepages."
      ])
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12].indices)
  func `where everything is populated first, the last pages do not fit`(index: Int) throws {
    let host = try TestHost(
      memory: 96 << 30, kernel: [KernelDesign.linux5_14, .linux6_1, .linux6_12][index],
      commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=95")
    #expect(host.complaints == [])
    // The vmemmap of 1.5 GiB lies in the last two gigabytes.
    #expect(host.pageCounts(ofOrder: 18) == [93])
    #expect(host.foldedPageCount(ofOrder: 18) == 93)
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
    var heads: [UInt] = []
    host.subsystem.vmemmap.forEach(in: host.pool(18).parts[0].freeList) { head in
      heads.append(head.rawValue >> 18)
      return true
    }
    #expect(heads.sorted() == [6, 8])
    // Its memory is free and described like any other.
    let middle = PageFrameNumber(start)
    #expect(
      host.subsystem.topology.sections[host.subsystem.topology.sections.number(of: middle)]
        .marks.isDisjoint(with: .preinitialized))
    #expect(host.subsystem.totals.bootVmemmapPageCount == 512 * host.sectionCount - 2 * 4095)
  }

  @Test(arguments: KernelDesign.all.indices)
  func `they come under management when they are gathered, and can be given back`(design: Int)
    throws
  {
    let kernel = KernelDesign.all[design]
    let host = try TestHost(
      memory: 8 << 30, kernel: kernel,
      commandLine: "hugetlb_free_vmemmap=off hugepagesz=1G hugepages=4")
    let plain = try TestHost(memory: 8 << 30, kernel: kernel)
    #expect(host.complaints == [])
    #expect(
      host.subsystem.totals.managedPageCount == plain.subsystem.totals.managedPageCount)
    let free = host.subsystem.totals.freePageCount
    host.pool(18).resize(to: 1)
    #expect(host.complaints == [])
    #expect(host.subsystem.totals.freePageCount == free + 3 << 18)
    host.pool(18).resize(to: 4)
    #expect(host.complaints == [])
    #expect(host.pageCounts(ofOrder: 18) == [4])
  }

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
