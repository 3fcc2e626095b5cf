// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@testable import KernelMemory

/// What a command line asks for, and what a machine with two nodes of 2 GiB makes of it.
struct PoolRequest: CustomTestStringConvertible {
  let commandLine: String
  /// Pages of 2 MiB by node.
  var small: [UInt] = [0, 0]
  /// Pages of 1 GiB by node.
  var large: [UInt] = [0, 0]

  var testDescription: String { commandLine }

  static let all: [Self] = [
    Self(commandLine: ""),
    Self(commandLine: "hugepages=10", small: [5, 5]),
    Self(commandLine: "hugepages=11", small: [6, 5]),
    Self(commandLine: "hugepagesz=2M hugepages=10", small: [5, 5]),
    Self(commandLine: "hugepages=0:3,1:5", small: [3, 5]),
    Self(commandLine: "hugepages=1:5", small: [0, 5]),
    Self(commandLine: "hugepages=1:5,0:3", small: [3, 5]),
    Self(commandLine: "hugepages=0:3,1:5,", small: [3, 5]),
    Self(commandLine: "hugepages=0:0", small: [0, 0]),
    Self(commandLine: "hugepagesz=1G hugepages=2", large: [1, 1]),
    Self(commandLine: "hugepagesz=1G hugepages=1:1", large: [0, 1]),
    Self(commandLine: "default_hugepagesz=1G hugepages=1", large: [1, 0]),
    Self(
      commandLine: "hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=8", small: [4, 4],
      large: [1, 0]),
    Self(
      commandLine: "hugepagesz=2M hugepages=1:8 hugepagesz=1G hugepages=0:1", small: [0, 8],
      large: [1, 0]),
    Self(commandLine: "hugepages=2:3"),
    Self(commandLine: "hugepages=0:3,9:5"),
    Self(commandLine: "hugepages=banana"),
    Self(commandLine: "hugepages=0:3,5"),
    Self(commandLine: "hugepages=-1"),
    Self(commandLine: "hugepagesz=3M hugepages=8"),
    Self(commandLine: "hugepages=4 hugepages=8", small: [2, 2]),
    Self(commandLine: "hugepagesz=1G hugepagesz=2M hugepages=4", small: [2, 2]),
  ]
}

@Suite struct `Booting with huge pages` {
  private func boot(_ commandLine: String) throws -> TestHost {
    let host = try TestHost(
      mebibytes: [(0, 1..<2048), (1, 2048..<3072), (1, 4096..<5120)], commandLine: commandLine)
    #expect(host.complaints == [])
    return host
  }

  /// P-POOL 24.
  @Test(arguments: PoolRequest.all)
  func `pools have what the command line asks for`(request: PoolRequest) throws {
    let host = try boot("hugetlb_free_vmemmap=on \(request.commandLine)")
    #expect(host.pageCounts(ofOrder: 9) == request.small)
    #expect(host.pageCounts(ofOrder: 18) == request.large)
    let count = request.small.reduce(0, +) + request.large.reduce(0, +)
    let folded = host.foldedPageCount(ofOrder: 9) + host.foldedPageCount(ofOrder: 18)
    #expect(folded == count)
  }

  /// Where parameters take effect as they are met, what was set aside stays so.
  @Test(arguments: [
    ("hugepages=2 default_hugepagesz=1G hugepages=3", 5, 3),
    ("hugepages=2 default_hugepagesz=1G hugepages=x", 2, 0),
    ("hugepages=2 hugepagesz=1G hugepages=1 default_hugepagesz=1G", 3, 2),
    ("hugepages=2 default_hugepagesz=2M hugepagesz=1G hugepages=1", 1, 1),
  ])
  func `older kernels set gigantic pages aside each time they are asked`(
    commandLine: String, immediate: UInt, collected: UInt
  ) throws {
    for kernel in [KernelDesign.linux6_1, .linux6_12, .linux7_2, .unified] {
      let host = try TestHost(memory: 8 << 30, kernel: kernel, commandLine: commandLine)
      #expect(host.complaints == [])
      let isImmediate = kernel.bootParameters.hugePageParsing == .immediate
      #expect(host.pageCounts(ofOrder: 18) == [isImmediate ? immediate : collected])
      host.pool(18).resize(to: 0)
      #expect(host.complaints == [])
    }
  }

  @Test func `without folding they have the same`() throws {
    let host = try boot("hugetlb_free_vmemmap=off hugepages=0:3,1:5 hugepagesz=1G hugepages=1")
    #expect(host.pageCounts(ofOrder: 9) == [3, 5])
    #expect(host.pageCounts(ofOrder: 18) == [1, 0])
    #expect(host.foldedPageCount(ofOrder: 9) + host.foldedPageCount(ofOrder: 18) == 0)
  }

  @Test(arguments: KernelDesign.all.indices)
  func `asking for more than there is gives what there is, and says so`(design: Int) throws {
    let host = try TestHost(
      memory: 512 << 20, kernel: KernelDesign.all[design],
      commandLine: "hugetlb_free_vmemmap=on hugepages=1000")
    #expect(host.complaints == [])
    let got = host.pageCounts(ofOrder: 9)[0]
    #expect(got > 200 && got < 256)
    #expect(
      host.bootLog.contains(
        "HugeTLB: allocating 1000 of page size 2.00 MiB failed.  Only allocated \(got) hugepages.")
    )
    host.pool(9).resize(to: 0)
    #expect(host.complaints == [])
  }

  @Test func `a shortfall on a node is said of that node`() throws {
    let host = try TestHost(
      memory: 512 << 20, nodes: 2, commandLine: "hugepages=0:10,1:1000")
    #expect(host.complaints == [])
    let got = host.pageCounts(ofOrder: 9)
    #expect(got[0] == 10 && got[1] < 128)
    #expect(
      host.bootLog(startingWith: "HugeTLB: allocating") == [
        "HugeTLB: allocating 1000 of page size 2.00 MiB failed node1."
          + "  Only allocated \(got[1]) hugepages."
      ])
  }

  @Test func `each size that was named is announced`() throws {
    let host = try TestHost(
      memory: 4 << 30,
      commandLine: "hugetlb_free_vmemmap=on hugepagesz=1G hugepages=1 hugepagesz=2M hugepages=8")
    #expect(
      host.bootLog.suffix(4).sorted() == [
        "HugeTLB: 16380 KiB vmemmap can be freed for a 1.00 GiB page",
        "HugeTLB: 28 KiB vmemmap can be freed for a 2.00 MiB page",
        "HugeTLB: registered 1.00 GiB page size, pre-allocated 1 pages",
        "HugeTLB: registered 2.00 MiB page size, pre-allocated 8 pages",
      ])
    #expect(host.complaints == [])
  }
}
