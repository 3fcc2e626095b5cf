// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import KernelMemory

@Suite struct `Contiguous areas at boot` {
  private func log(_ host: PoolHost, with word: String) -> [String] {
    host.host.subsystem.bootLog.map { String(decoding: $0, as: UTF8.self) }
      .filter { $0.contains(word) }
  }

  private func isExclusive(_ host: PoolHost) -> Bool {
    host.hugeTLB.usesContiguousAreasOnly.load(ordering: .relaxed)
  }

  private let skipped = "HugeTLB: hugetlb_cma is enabled, skip boot time allocation"

  @Test(arguments: [
    ("hugetlb_cma=2G hugetlb_cma_only=on", true), ("hugetlb_cma_only=1 hugetlb_cma=0:1G", true),
    ("hugetlb_cma=2G hugetlb_cma_only=off", false), ("hugetlb_cma=2G", false),
    ("hugetlb_cma_only=on", false), ("hugetlb_cma_only=on hugetlb_cma=0", false),
    ("hugetlb_cma_only=on hugetlb_cma=900G", false), ("hugetlb_cma_only=on hugetlb_cma=3M", false),
    ("hugetlb_cma_only=on hugetlb_cma=7:1G", false),
    ("hugetlb_cma=1G hugetlb_cma_only=maybe", false),
  ])
  func `nothing else serves gigantic pages only if there is an area`(
    line: String, exclusive: Bool
  ) throws {
    let host = try PoolHost(memory: 8 << 30, commandLine: line)
    #expect(isExclusive(host) == exclusive)
    let areaPages = host.hugeTLB.contiguousAreas.reduce(0) { $0 + $1.frames.pageCount } >> 18
    host.gigantic.resize(to: 5)
    host.check()
    let count = host.gigantic.counts.pageCount
    #expect(exclusive ? count == areaPages : count > areaPages)
  }

  @Test(arguments: [KernelDesign.linux5_14, .linux6_1, .linux6_12])
  func `old kernels do not know the switch`(kernel: KernelDesign) throws {
    let host = try PoolHost(
      memory: 8 << 30, design: kernel, commandLine: "hugetlb_cma=1G hugetlb_cma_only=on")
    #expect(!isExclusive(host))
    host.gigantic.resize(to: 3)
    #expect(host.gigantic.counts.pageCount == 3)
    host.check()
  }

  @Test(arguments: [KernelDesign.linux6_12, .linux7_2, .unified])
  func `an area alone suppresses gigantic pages of the boot`(kernel: KernelDesign) throws {
    for request in ["hugepagesz=1G hugepages=2", "hugepagesz=1G hugepages=0:1", ""] {
      let host = try PoolHost(
        memory: 8 << 30, design: kernel, commandLine: "hugetlb_cma=2G \(request)")
      #expect(log(host, with: "skip") == [skipped])
      #expect(log(host, with: "Only allocated") == [])
      #expect(host.gigantic.counts == HugePageCounts())
      host.check()
    }
    let host = try PoolHost(memory: 8 << 30, design: kernel, commandLine: "hugepages=4")
    #expect(log(host, with: "skip") == [])
  }

  @Test(arguments: [KernelDesign.linux7_2, .unified], ["on", "off"])
  func `an exclusive area serves the boot's gigantic pages`(
    kernel: KernelDesign, folding: String
  ) throws {
    let host = try PoolHost(
      memory: 8 << 30, design: kernel,
      commandLine: "hugetlb_free_vmemmap=\(folding) hugetlb_cma=3G hugetlb_cma_only=on "
        + "hugepagesz=1G hugepages=2")
    host.check()
    let area = try #require(host.hugeTLB.contiguousAreas.first)
    #expect(log(host, with: "skip") == [])
    #expect(
      log(host, with: "1.00 GiB page size") == [
        "HugeTLB: registered 1.00 GiB page size, pre-allocated 2 pages"
      ])
    #expect(host.gigantic.counts == counts(nr: 2, free: 2))
    let pages = host.freePages(of: host.gigantic)
    #expect(pages.allSatisfy { area.frames.contains($0) })
    #expect(pages.allSatisfy { host.vmemmap.hasHugePageMarks(.contiguousArea, at: $0) })
    #expect(area.takenPageCount == 2 << 18)
    // Memory of the area counts, whoever has it.
    let total = host.host.subsystem.totals.managedPageCount
    let plain = try PoolHost(
      memory: 8 << 30, design: kernel, commandLine: "hugetlb_cma=3G hugetlb_cma_only=on")
    let saved = folding == "on" ? 2 * UInt(4095) : 0
    #expect(total >= plain.host.subsystem.totals.managedPageCount)
    #expect(total <= plain.host.subsystem.totals.managedPageCount + saved)

    host.gigantic.resize(to: 0)
    host.check()
    #expect(area.takenPageCount == 0)
    let tree = InterfaceTree(host.host.subsystem)
    #expect(tree.contiguousAreaPageCount == 3 << 18)
    #expect(tree.freeContiguousPageCount == 3 << 18)
    host.gigantic.resize(to: 9)
    #expect(host.gigantic.counts.pageCount == 3)
    host.check()
  }

  @Test func `more pages than the area has are a shortfall`() throws {
    let host = try PoolHost(
      memory: 8 << 30, nodes: 2,
      commandLine: "hugetlb_cma=0:1G,1:2G hugetlb_cma_only=on hugepagesz=1G hugepages=5")
    host.check()
    #expect(
      log(host, with: "Only allocated") == [
        "HugeTLB: allocating 5 of page size 1.00 GiB failed.  Only allocated 3 hugepages."
      ])
    #expect(host.gigantic.parts.map(\.counts.pageCount) == [1, 2])
  }

  @Test func `node lists take from the node's own area`() throws {
    let host = try PoolHost(
      memory: 8 << 30, nodes: 2,
      commandLine: "hugetlb_cma=1:2G hugetlb_cma_only=on hugepagesz=1G hugepages=0:1,1:1")
    host.check()
    #expect(host.gigantic.parts.map(\.counts.pageCount) == [0, 1])
    #expect(
      log(host, with: "Only allocated") == [
        "HugeTLB: allocating 1 of page size 1.00 GiB failed node0.  Only allocated 0 hugepages."
      ])
  }

  @Test func `sizes are whole pages, or at least one on old kernels`() throws {
    let cases: [(KernelDesign, String, [String], UInt)] = [
      (
        .linux7_2, "hugetlb_cma=1536M",
        ["hugetlb_cma: cma area must be a multiple of 1024 MiB"], 0
      ),
      (
        .linux7_2, "hugetlb_cma=0:512M",
        ["hugetlb_cma: cma area of node 0 must be a multiple of 1024 MiB"], 0
      ),
      (.linux7_2, "hugetlb_cma=9:1G", ["hugetlb_cma: invalid node 9 specified"], 0),
      (.linux7_2, "hugetlb_cma=0:0,1:0", [], 0),
      (
        .linux7_2, "hugetlb_cma=3G",
        [
          "hugetlb_cma: reserve 3072 MiB, up to 2048 MiB per node",
          "hugetlb_cma: reserved 2048 MiB on node 0", "hugetlb_cma: reserved 1024 MiB on node 1",
        ], 3
      ),
      (
        .linux6_12, "hugetlb_cma=1536M",
        [
          "hugetlb_cma: reserve 2048 MiB, up to 1024 MiB per node",
          "hugetlb_cma: reserved 1024 MiB on node 0", "hugetlb_cma: reserved 1024 MiB on node 1",
        ], 2
      ),
      (
        .linux6_12, "hugetlb_cma=0:512M",
        ["hugetlb_cma: cma area of node 0 should be at least 1024 MiB"], 0
      ),
      (.linux6_1, "hugetlb_cma=5M", ["hugetlb_cma: cma area should be at least 1024 MiB"], 0),
    ]
    for (kernel, line, expected, pages) in cases {
      let host = try PoolHost(memory: 8 << 30, nodes: 2, design: kernel, commandLine: line)
      #expect(log(host, with: "hugetlb_cma: ") == expected, "\(line)")
      let total = host.hugeTLB.contiguousAreas.reduce(0) { $0 + $1.frames.pageCount }
      #expect(total == pages << 18, "\(line)")
      host.check()
    }
  }
}
